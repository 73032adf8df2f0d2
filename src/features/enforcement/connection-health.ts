import type { CallOutcome, Observation } from '../../domain/enforcement/connector.ts';
import { MINUTE } from '../../domain/schedule/instant.ts';
import type { Transaction } from '../../platform/db/transaction.ts';

/** A connection of a tenant. */
interface Place {
  readonly tenantId: string;
  readonly connection: string;
}

/** What came of an errand through a connection. */
interface Errand {
  readonly row: { readonly tenantId: string };
  readonly call?: { readonly outcome: CallOutcome } | undefined;
  readonly look?: Observation | undefined;
}

/** Failures of so long are an outage, after which all is compared anew. */
const OUTAGE = 15 * MINUTE;
/** How often a connection that fails is tried where nothing else is due. */
const PROBES_EVERY = 15 * MINUTE;
const PROBES_AT_ONCE = 10;

/** Remembers that nothing works through a connection; the first time is kept. */
export async function connectionFailed(
  tx: Transaction,
  { tenantId, connection }: Place,
  message: string,
): Promise<void> {
  const now = await tx.now;
  tx.atCommit(
    `INSERT INTO lapse.connection_health (tenant_id, connection, failing_since, probe_at, message)
     VALUES ($1, $2, to_timestamp($3::double precision / 1000), to_timestamp($4::double precision / 1000), $5)
     ON CONFLICT (tenant_id, connection) DO UPDATE SET message = EXCLUDED.message`,
    [tenantId, connection, now, now + PROBES_EVERY, message.slice(0, 1_000)],
  );
}

/** Remembers that a connection works; where it did not for long, its tenant is compared anew at once. */
export async function connectionWorked(
  tx: Transaction,
  { tenantId, connection }: Place,
): Promise<void> {
  tx.atCommit(
    `WITH mended AS (
       DELETE FROM lapse.connection_health WHERE tenant_id = $1 AND connection = $2
       RETURNING failing_since
     )
     UPDATE lapse.reconciliation_schedule s
     SET after_outage = true, next_due_at = to_timestamp($3::double precision / 1000)
     FROM mended m
     WHERE s.tenant_id = $1 AND m.failing_since <= to_timestamp($4::double precision / 1000)`,
    [tenantId, connection, await tx.now, (await tx.now) - OUTAGE],
  );
}

/** Takes some connections that fail and whose time has come to be tried again. */
export async function claimProbes(tx: Transaction): Promise<Place[]> {
  const now = await tx.now;
  const rows = await tx.query<{ tenant_id: string; connection: string }>(
    `UPDATE lapse.connection_health SET probe_at = to_timestamp($2::double precision / 1000)
     WHERE (tenant_id, connection) IN (
       SELECT tenant_id, connection FROM lapse.connection_health
       WHERE probe_at <= to_timestamp($1::double precision / 1000)
       ORDER BY probe_at LIMIT ${PROBES_AT_ONCE} FOR UPDATE SKIP LOCKED)
     RETURNING tenant_id, connection`,
    [now, now + PROBES_EVERY],
  );
  return rows.map(({ tenant_id, connection }) => ({ tenantId: tenant_id, connection }));
}

/** What some errands say of the connections that they went through: one that worked is enough. */
export async function noteHealth(
  tx: Transaction,
  errands: readonly { readonly connection: string | undefined; readonly outcome: Errand }[],
): Promise<void> {
  const found = new Map<string, Place & { works: boolean; message: string }>();
  for (const { connection, outcome } of errands) {
    if (connection === undefined) continue;
    const { tenantId } = outcome.row;
    const key = `${tenantId}/${connection}`;
    const place = found.get(key) ?? { tenantId, connection, works: false, message: '' };
    const failure = failureOf(outcome);
    found.set(key, {
      ...place,
      works: place.works || failure === undefined,
      message: failure ?? place.message,
    });
  }
  for (const { works, message, ...place } of found.values()) {
    if (works) await connectionWorked(tx, place);
    else await connectionFailed(tx, place, message);
  }
}

/** Why an errand says nothing for its connection; `undefined` where the cloud has answered. */
function failureOf({ call, look }: Errand): string | undefined {
  const outcome = call?.outcome;
  if (outcome?.kind === 'retry' || outcome?.kind === 'unknown') return outcome.message;
  return look?.kind === 'undecided' ? look.message : undefined;
}
