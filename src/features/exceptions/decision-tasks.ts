import type { ExceptionState } from '../../domain/exception/state.ts';
import { OPEN } from '../../domain/exception/status.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import type { StreamChange } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { openTask, resolveTask } from './record-tasks.ts';

/** A decision that a record demands of people by an instant, or else something follows. */
interface Demanded {
  readonly kind: 'chain-decision' | 'review-owed';
  /** What is to be decided, for as long as it is; `undefined` where nothing is. */
  readonly detail: (state: ExceptionState) => string | undefined;
  /** Who has decided it, where one person has. */
  readonly decidedBy: (state: ExceptionState) => string | undefined;
}

const DEMANDED: readonly Demanded[] = [
  {
    kind: 'chain-decision',
    detail: chainDetail,
    decidedBy: ({ decision }) => decision?.rearchitecture?.by.id,
  },
  { kind: 'review-owed', detail: reviewDetail, decidedBy: () => undefined },
];

/**
 * Queues what people have to look at: a task where a decision is demanded, and its end where it was
 * made or the record is over. A record has one such task of each kind at most.
 */
export function writeDecisionTasks(
  tx: Transaction,
  changes: readonly StreamChange<ExceptionState>[],
): void {
  for (const change of changes) for (const demanded of DEMANDED) writeTask(tx, change, demanded);
}

function writeTask(
  tx: Transaction,
  change: StreamChange<ExceptionState>,
  { kind, detail, decidedBy }: Demanded,
): void {
  const { state, previous } = change;
  const [waited, waits] = [previous && detail(previous), detail(state)];
  if (waits !== undefined && waited === undefined) openTask(tx, change, kind, waits);
  if (waited !== undefined && waits === undefined) resolveTask(tx, change, kind, decidedBy(state));
}

function chainDetail({ status, decision, renewal_number }: ExceptionState): string | undefined {
  if (!decision || decision.rearchitecture || !OPEN.includes(status)) return undefined;
  return `executive leadership decides by ${formatInstant(decision.decide_by)} on a chain with ${renewal_number} renewals: permanent (make-permanent) or re-architecture (require-rearchitecture); undecided, it cannot be renewed further`;
}

function reviewDetail({ owed }: ExceptionState): string | undefined {
  if (!owed) return undefined;
  const record = owed.kind === 'break-glass' ? ', with the decision record' : '';
  const roles = [...new Set(owed.requirements.map(({ role }) => role))].join(', ');
  return `a ${owed.kind} review is owed by ${formatInstant(owed.by)}${record} (${roles}); undecided, the exception ends`;
}
