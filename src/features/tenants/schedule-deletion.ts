import type { Actor } from '../../domain/access/actor.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import { assertRetentionOver, DELETION_NOTICE } from '../../domain/tenant/retention.ts';
import { record } from '../../journal/journal.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { type StandingRow, tenantStream } from './tenant-stream.ts';

/** Who wants a tenant deleted, and why. */
export interface DeletionWish {
  readonly tenantId: string;
  readonly actor: Actor;
  readonly reason: string;
  /** Epoch milliseconds of the domain's time. */
  readonly at: number;
  readonly beforeRetention: boolean;
}

/** Queues that a tenant is to be deleted once the time to call it off is over. */
export function scheduleDeletion(
  tx: Transaction,
  before: StandingRow | undefined,
  { tenantId, actor, reason, at, beforeRetention }: DeletionWish,
): void {
  const due_at = formatInstant(at + DELETION_NOTICE);
  const data = { reason, due_at, before_retention: beforeRetention };
  const events = [{ type: 'TenantDeletionScheduled' as const, data }];
  record(tx, tenantStream, [{ tenantId, streamId: tenantId, before, events, at, actor }]);
}

/** Refuses while the tenant's policy has its records kept. `keep` is the policy's `retention.keep`. */
export async function assertDeletable(
  tx: Transaction,
  tenantId: string,
  { keep, now }: { readonly keep: string; readonly now: number },
): Promise<void> {
  // A record is over once it is closed; those that only time has ended are still to be shown to be over.
  const [row] = await tx.query<{ open: number; ended: string | null }>(
    `SELECT count(*) FILTER (WHERE status NOT IN ('Closed', 'Archived'))::int AS open,
       max((state -> 'closed' ->> 'at')::bigint) AS ended
     FROM lapse.exceptions WHERE tenant_id = $1`,
    [tenantId],
  );
  const lastEndedAt = row?.ended == null ? undefined : Number(row.ended);
  assertRetentionOver({ open: row?.open ?? 0, lastEndedAt, keep, now });
}
