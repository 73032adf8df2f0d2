import { awaitedDecision, awaitedRoles } from '../../domain/exception/awaited-approvals.ts';
import { escalationsNow } from '../../domain/exception/escalation.ts';
import type { Escalation, ExceptionState } from '../../domain/exception/state.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import type { StreamChange } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { openTask, resolveTask } from './record-tasks.ts';

const KIND = 'approval-escalated';

/**
 * Queues what those have to look at who are above the approvers: a task for the role that was told
 * last, and its end where another is told, or where the approvals that were lacking have come.
 */
export function writeEscalationTasks(
  tx: Transaction,
  changes: readonly StreamChange<ExceptionState>[],
): void {
  for (const change of changes) {
    const [before, now] = [change.previous && lastTold(change.previous), lastTold(change.state)];
    if (before?.due === now?.due && before?.to === now?.to) continue;
    if (before) resolveTask(tx, change, KIND);
    if (now) openTask(tx, change, KIND, detail(change.state, now));
  }
}

function lastTold(state: ExceptionState): Escalation | undefined {
  return escalationsNow(state).at(-1);
}

function detail(state: ExceptionState, { to, waits_since }: Escalation): string {
  const what = awaitedDecision(state)?.change_id === undefined ? 'the request' : 'a change';
  const roles = awaitedRoles(state).join(', ');
  return `for ${to}: ${what} waits since ${formatInstant(waits_since)} for ${roles}; see that they decide, or name somebody who does`;
}
