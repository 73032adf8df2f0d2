import type { ExceptionState } from '../../domain/exception/state.ts';
import { OPEN } from '../../domain/exception/status.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import type { StreamChange } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { openTask, resolveTask } from './record-tasks.ts';

const KIND = 'chain-decision';

/**
 * Queues what executive leadership has to look at: a task where a decision on a chain is demanded,
 * and its end where it was made or the record is over. A record has one such task at most.
 */
export function writeDecisionTasks(
  tx: Transaction,
  changes: readonly StreamChange<ExceptionState>[],
): void {
  for (const change of changes) {
    const { state, previous } = change;
    const [waited, waits] = [previous !== undefined && isUndecided(previous), isUndecided(state)];
    if (waits && !waited) openTask(tx, change, KIND, detail(state));
    if (waited && !waits) resolveTask(tx, change, KIND, state.decision?.rearchitecture?.by.id);
  }
}

function isUndecided({ status, decision }: ExceptionState): boolean {
  return decision !== undefined && !decision.rearchitecture && OPEN.includes(status);
}

function detail({ renewal_number, decision }: ExceptionState): string {
  const by = decision ? formatInstant(decision.decide_by) : '';
  return `executive leadership decides by ${by} on a chain with ${renewal_number} renewals: permanent (make-permanent) or re-architecture (require-rearchitecture); undecided, it cannot be renewed further`;
}
