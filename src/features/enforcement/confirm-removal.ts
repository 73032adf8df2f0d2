import type { GrantState } from '../../domain/enforcement/grant.ts';
import type { RemovedGrant } from '../../domain/exception/events.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import type { EnforcementParts, RecordPlace } from './enforcement-parts.ts';

/**
 * Tells a record that has ended that every grant of it is gone; nothing happens while one is not. The
 * last that goes brings it about, and whoever asks again finds it done.
 */
export async function confirmIfGone(
  tx: Transaction,
  { confirmRemoval }: Pick<EnforcementParts, 'confirmRemoval'>,
  place: RecordPlace,
): Promise<void> {
  const rows = await tx.query<{ grant_id: string; state: GrantState | null }>(
    `SELECT w.grant_id, g.state FROM lapse.grant_work w
     LEFT JOIN lapse.grants g ON g.tenant_id = w.tenant_id AND g.grant_id = w.grant_id
     WHERE w.tenant_id = $1 AND w.exception_id = $2 ORDER BY w.grant_id`,
    [place.tenantId, place.exceptionId],
  );
  const isGone = rows.every(({ state }) => state?.status === 'removed');
  if (rows.length > 0 && isGone) {
    const grants = rows.map(({ grant_id, state }) => ({ grant_id, said_by: saidBy(state) }));
    await confirmRemoval(tx, place, grants);
  }
  tx.atCommit(
    `UPDATE lapse.grant_work w SET next_due_at = 'infinity'
     FROM lapse.grants g WHERE w.tenant_id = $1 AND w.exception_id = $2
       AND g.tenant_id = w.tenant_id AND g.grant_id = w.grant_id AND g.status = 'removed'`,
    [place.tenantId, place.exceptionId],
  );
}

function saidBy(state: GrantState | null): RemovedGrant['said_by'] {
  if (state?.handed_over_to !== undefined) return 'handed-over';
  return state?.said_by === 'cloud' ? 'cloud' : 'person';
}
