import { createHash } from 'node:crypto';
import { type AuditEvent, operationKey } from '../../domain/circumvention/audit-event.ts';
import type { Transaction } from '../../platform/db/transaction.ts';

/** Whose log a line was read from. */
export interface LinePlace {
  readonly tenantId: string;
  readonly connection: string;
}

/** A line that is to be judged, with the other lines of its operation. */
export interface DueLine extends LinePlace {
  readonly event: AuditEvent;
  readonly others: readonly AuditEvent[];
  /** How often it could not be completed. */
  readonly attempts: number;
}

/** Longer than any log is read again. */
const KEPT = "interval '2 days'";
const AT_ONCE = 50;
const CLAIM = "interval '5 minutes'";

/**
 * Keeps lines that were read or posted, each once; what came to be is due at once. The order in which
 * they come does not matter.
 */
export function keepLines(
  tx: Transaction,
  { tenantId, connection }: LinePlace,
  events: readonly AuditEvent[],
  now: number,
): void {
  if (events.length === 0) return;
  const rows = events
    .filter(({ outcome }) => outcome !== 'failed')
    .map((event) => ({
      event_id: event.event_id,
      operation_key: keyOf(event).toString('hex'),
      event,
      is_due: event.outcome === 'succeeded',
    }));
  tx.atCommit(
    `INSERT INTO lapse.audit_events (tenant_id, connection, event_id, operation_key, event, next_due_at, kept_until)
     SELECT $1, $2, event_id, decode(operation_key, 'hex'), event,
       CASE WHEN is_due THEN to_timestamp($4::double precision / 1000) ELSE 'infinity' END,
       to_timestamp($4::double precision / 1000) + ${KEPT}
     FROM json_to_recordset($3::json) AS r(event_id text, operation_key text, event json, is_due boolean)
     ON CONFLICT DO NOTHING`,
    [tenantId, connection, JSON.stringify(rows), now],
  );
}

/** Takes lines that are due, so that no other worker judges them as well, and forgets what is old. */
export async function claimLines(tx: Transaction): Promise<DueLine[]> {
  const now = await tx.now;
  tx.atCommit(
    `DELETE FROM lapse.audit_events WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM lapse.audit_events WHERE next_due_at = 'infinity'
         AND kept_until <= to_timestamp($1::double precision / 1000) LIMIT 500))`,
    [now],
  );
  const rows = await tx.query<{
    tenant_id: string;
    connection: string;
    event: AuditEvent;
    others: AuditEvent[];
    attempts: number;
  }>(
    `WITH due AS (
       SELECT tenant_id, connection, event_id FROM lapse.audit_events
       WHERE next_due_at <= to_timestamp($1::double precision / 1000)
       ORDER BY next_due_at LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED
     )
     UPDATE lapse.audit_events e
     SET next_due_at = to_timestamp($1::double precision / 1000) + ${CLAIM}
     FROM due WHERE e.tenant_id = due.tenant_id AND e.connection = due.connection AND e.event_id = due.event_id
     RETURNING e.tenant_id, e.connection, e.event, e.attempts, (
       SELECT coalesce(json_agg(o.event), '[]') FROM (
         SELECT event FROM lapse.audit_events
         WHERE tenant_id = e.tenant_id AND operation_key = e.operation_key LIMIT 20) AS o) AS others`,
    [now],
  );
  return rows.map(({ tenant_id: tenantId, ...row }) => ({ tenantId, ...row }));
}

/** Says when a line is judged next: never again, or once the cloud may tell more. */
export function putOff(
  tx: Transaction,
  { tenantId, connection, event }: DueLine,
  at: number | undefined,
): void {
  tx.atCommit(
    `UPDATE lapse.audit_events
     SET next_due_at = coalesce(to_timestamp($4::double precision / 1000), 'infinity'), attempts = attempts + 1
     WHERE tenant_id = $1 AND connection = $2 AND event_id = $3`,
    [tenantId, connection, event.event_id, at ?? null],
  );
}

function keyOf(event: AuditEvent): Buffer {
  return createHash('sha256').update(operationKey(event)).digest();
}
