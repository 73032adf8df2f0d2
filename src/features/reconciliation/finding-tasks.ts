import type { FindingState } from '../../domain/reconciliation/finding.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import type { StreamState } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { newUlid } from '../../platform/ids.ts';

const KIND = 'finding-unanswered';

/** Queues a task for a person: nobody has answered a finding in time, or its removal failed. */
export function openFindingTask(
  tx: Transaction,
  { tenantId, id, state }: StreamState<FindingState>,
  why: string,
  at: number,
): void {
  const about = `${state.kind}: ${state.spec.kind} at ${state.spec.target}`;
  const detail = `for ${state.owner}: ${about}; ${why}`.slice(0, 2_000);
  tx.atCommit(
    `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
     VALUES ($1, $2, $3, 'finding', $4, $5, $6) ON CONFLICT DO NOTHING`,
    [tenantId, `task_${newUlid()}`, KIND, id, detail, formatInstant(at)],
  );
}

/** Queues the end of the tasks about some findings: they were answered, or solved. */
export function endFindingTasks(
  tx: Transaction,
  tenantId: string,
  findingIds: readonly string[],
  at: number,
  by?: string,
): void {
  if (findingIds.length === 0) return;
  tx.atCommit(
    `UPDATE lapse.tasks SET resolved_at = $4, resolved_by = $5
     WHERE tenant_id = $1 AND kind = $2 AND subject_type = 'finding' AND subject_id = ANY ($3)
       AND resolved_at IS NULL`,
    [tenantId, KIND, findingIds, formatInstant(at), by ?? null],
  );
}
