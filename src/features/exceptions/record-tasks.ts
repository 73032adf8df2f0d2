import { formatInstant } from '../../domain/schedule/instant.ts';
import type { StreamChange } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { newUlid } from '../../platform/ids.ts';

type Changed = Pick<StreamChange<{ readonly updated_at: number }>, 'tenantId' | 'id' | 'state'>;

/** Queues a task about a record; a record has one open task of a kind at most. */
export function openTask(
  tx: Transaction,
  { tenantId, id, state }: Changed,
  kind: string,
  detail: string,
): void {
  tx.atCommit(
    `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
     VALUES ($1, $2, $3, 'exception', $4, $5, $6) ON CONFLICT DO NOTHING`,
    [tenantId, `task_${newUlid()}`, kind, id, detail, formatInstant(state.updated_at)],
  );
}

/** Queues the end of the open task of a kind about a record, by the id of who ended it. */
export function resolveTask(
  tx: Transaction,
  { tenantId, id, state }: Changed,
  kind: string,
  by?: string,
): void {
  tx.atCommit(
    `UPDATE lapse.tasks SET resolved_at = $4, resolved_by = $5
     WHERE tenant_id = $1 AND kind = $2 AND subject_type = 'exception' AND subject_id = $3
       AND resolved_at IS NULL`,
    [tenantId, kind, id, formatInstant(state.updated_at), by ?? null],
  );
}
