import { CLOCK } from '../../domain/access/actor.ts';
import type { GrantState } from '../../domain/enforcement/grant.ts';
import type { GrantEvent } from '../../domain/enforcement/grant-events.ts';
import { placedText } from '../../domain/enforcement/grant-steps.ts';
import { type Append, record } from '../../journal/journal.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { type WorkColumns, workRow } from './claim-grants.ts';
import type { EnforcementParts } from './enforcement-parts.ts';
import { type GrantOutlook, readOutlooks } from './grant-outlook.ts';
import { grantStream } from './grant-store.ts';

/**
 * Hands what stands in the cloud from a grant that is over to the one that goes on with the same access
 * (issue: a renewal's grant is handed over, nothing is removed and added). Both streams say so in one
 * transaction; nothing happens where it was done meanwhile, or is not to be done any more.
 */
export async function handOver(
  tx: Transaction,
  parts: EnforcementParts,
  { tenantId, from, to }: { readonly tenantId: string; readonly from: string; readonly to: string },
): Promise<void> {
  const now = await tx.now;
  const rows = await tx.query<WorkColumns>(
    `SELECT tenant_id, exception_id, grant_id, lane, reads, read_at FROM lapse.grant_work
     WHERE tenant_id = $1 AND grant_id = ANY ($2) ORDER BY grant_id FOR UPDATE`,
    [tenantId, [from, to]],
  );
  const outlooks = await readOutlooks(tx, parts, rows.map(workRow), now);
  const giver = outlooks.find((outlook) => outlook?.row.grantId === from);
  const heir = outlooks.find((outlook) => outlook?.row.grantId === to);
  if (!giver?.stored || !heir || giver.stored.state.status === 'removed') return;
  const { wanted, stored } = giver;
  if (wanted.presence !== 'absent' || wanted.handOverTo?.grantId !== to) return;
  const { placed, status } = stored.state;
  const stands = status === 'planned' ? undefined : placed && placedText(placed);
  const takes: GrantEvent = {
    type: 'GrantTakenOver',
    data: { from, ...(stands === undefined ? {} : { placed: stands }) },
  };
  record(tx, grantStream, [
    append(giver, [{ type: 'GrantHandedOver', data: { to } }], now),
    append(heir, heir.stored ? [takes] : [planned(heir), takes], now),
  ]);
  tx.atCommit(
    `UPDATE lapse.grant_work SET next_due_at = to_timestamp($3::double precision / 1000)
     WHERE tenant_id = $1 AND grant_id = ANY ($2)`,
    [tenantId, [from, to], now],
  );
}

function append(
  { row, stored: before }: GrantOutlook,
  events: readonly GrantEvent[],
  at: number,
): Append<GrantState, GrantEvent> {
  return { tenantId: row.tenantId, streamId: row.grantId, before, events, at, actor: CLOCK };
}

function planned({ record: exception, spec, mode, connection }: GrantOutlook): GrantEvent {
  const route = { mode, ...(connection ? { connection: connection.state.name } : {}) };
  return {
    type: 'GrantPlanned',
    data: { exception_id: exception.exception_id, spec, ...route },
  };
}
