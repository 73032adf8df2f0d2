import { CLOCK } from '../../domain/access/actor.ts';
import { grantDigest } from '../../domain/enforcement/grant-digest.ts';
import type { GrantEvent } from '../../domain/enforcement/grant-events.ts';
import type { GrantSpec } from '../../domain/enforcement/grant-spec.ts';
import { record } from '../../journal/journal.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { type WorkColumns, workRow } from './claim-grants.ts';
import type { EnforcementParts } from './enforcement-parts.ts';
import { readOutlooks } from './grant-outlook.ts';
import { type GrantColumns, grantOf, grantStream } from './grant-store.ts';

/** A grant that is the same access as something in the cloud, and when its record was in force. */
interface Likeness {
  readonly grantId: string;
  readonly exceptionId: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Absent while it is in force. */
  readonly endedAt?: number;
}

/** The grants of the register that are the same access, whichever records list them. */
export function grantsLike({ recordsOf }: Pick<EnforcementParts, 'recordsOf'>) {
  return async (tx: Transaction, tenantId: string, access: GrantSpec): Promise<Likeness[]> => {
    const rows = await tx.query<WorkColumns>(
      `SELECT w.tenant_id, w.exception_id, w.grant_id, w.lane, w.reads, w.read_at
       FROM lapse.grants g JOIN lapse.grant_work w ON w.tenant_id = g.tenant_id
         AND w.exception_id = g.exception_id AND w.grant_id = g.grant_id
       WHERE g.tenant_id = $1 AND g.grant_key = $2`,
      [tenantId, grantDigest(access)],
    );
    const outlooks = await readOutlooks(tx, { recordsOf }, rows.map(workRow), await tx.now);
    return outlooks.flatMap((outlook) => {
      const startedAt = outlook?.record.activated_at;
      if (!outlook || startedAt === undefined) return [];
      const { row, wanted } = outlook;
      const ended = wanted.presence === 'absent' ? { endedAt: wanted.since } : {};
      return [{ grantId: row.grantId, exceptionId: row.exceptionId, startedAt, ...ended }];
    });
  };
}

/**
 * Tells a grant that was gone that somebody has given it again, and wakes it: the loop takes it away, or
 * opens a task where it may not. One that is not gone yet is seen to already.
 */
export async function seeGrantAgain(
  tx: Transaction,
  seen: {
    readonly tenantId: string;
    readonly grantId: string;
    readonly resourceId: string;
    readonly alertId: string;
  },
): Promise<void> {
  const { tenantId, grantId, resourceId, alertId } = seen;
  // Locked as the loop locks it: its row of work first.
  await tx.query('SELECT FROM lapse.grant_work WHERE tenant_id = $1 AND grant_id = $2 FOR UPDATE', [
    tenantId,
    grantId,
  ]);
  const [row] = await tx.query<GrantColumns>(
    `SELECT tenant_id, grant_id, version, state FROM lapse.grants
     WHERE tenant_id = $1 AND grant_id = $2 FOR UPDATE`,
    [tenantId, grantId],
  );
  if (!row) return;
  const before = grantOf(row);
  const at = await tx.now;
  const placed = { id: resourceId, ours: false };
  const events: GrantEvent[] =
    before.state.status === 'removed'
      ? [{ type: 'GrantSeenAgain', data: { placed, alert_id: alertId } }]
      : [];
  record(tx, grantStream, [{ tenantId, streamId: grantId, before, events, at, actor: CLOCK }]);
  tx.atCommit(
    `UPDATE lapse.grant_work SET reads = 0, read_at = NULL,
       next_due_at = to_timestamp($3::double precision / 1000)
     WHERE tenant_id = $1 AND grant_id = $2`,
    [tenantId, grantId, at],
  );
}
