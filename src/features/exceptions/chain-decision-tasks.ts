import type { ExceptionState } from '../../domain/exception/state.ts';
import { OPEN } from '../../domain/exception/status.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import type { StreamChange } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { newUlid } from '../../platform/ids.ts';

/**
 * Queues what executive leadership has to look at: a task where a decision on a chain is demanded,
 * and its end where it was made or the record is over. A record has one such task at most.
 */
export function writeDecisionTasks(
  tx: Transaction,
  changes: readonly StreamChange<ExceptionState>[],
): void {
  for (const { tenantId, id, state, previous } of changes) {
    const [waited, waits] = [previous !== undefined && isUndecided(previous), isUndecided(state)];
    if (waits && !waited) {
      tx.atCommit(
        `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
         VALUES ($1, $2, 'chain-decision', 'exception', $3, $4, $5) ON CONFLICT DO NOTHING`,
        [tenantId, `task_${newUlid()}`, id, detail(state), formatInstant(state.updated_at)],
      );
    }
    if (waited && !waits) {
      tx.atCommit(
        `UPDATE lapse.tasks SET resolved_at = $3, resolved_by = $4
         WHERE tenant_id = $1 AND kind = 'chain-decision' AND subject_type = 'exception' AND subject_id = $2
           AND resolved_at IS NULL`,
        [
          tenantId,
          id,
          formatInstant(state.updated_at),
          state.decision?.rearchitecture?.by.id ?? null,
        ],
      );
    }
  }
}

function isUndecided({ status, decision }: ExceptionState): boolean {
  return decision !== undefined && !decision.rearchitecture && OPEN.includes(status);
}

function detail({ renewal_number, decision }: ExceptionState): string {
  const by = decision ? formatInstant(decision.decide_by) : '';
  return `executive leadership decides by ${by} on a chain with ${renewal_number} renewals: permanent (make-permanent) or re-architecture (require-rearchitecture); undecided, it cannot be renewed further`;
}
