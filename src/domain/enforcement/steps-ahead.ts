import type { Instant } from '../schedule/instant.ts';
import type { GrantState, Operation } from './grant.ts';
import { type Move, nextMove, type Surroundings } from './next-move.ts';
import type { Wanted } from './wanted.ts';

/** What Lapse does for a grant, as a person reads it. */
export const STEP_KINDS = [
  'put-in-place',
  'take-away',
  'look',
  'ask-a-person',
  'escalate',
  'hand-over',
] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/** Something that Lapse will do for a grant, as far as is known now. */
export interface Step {
  /** Not before then; epoch milliseconds. */
  readonly at: Instant;
  readonly does: StepKind;
  /** In words, without an instant. */
  readonly why: string;
}

/**
 * What Lapse does for a grant next, and after that at the end of its record where something else comes
 * first: a dry run of {@link nextMove}. Empty where it waits for a person, or nothing is left to do.
 */
export function stepsAhead(grant: GrantState, wanted: Wanted, surroundings: Surroundings): Step[] {
  const next = nextMove(grant, wanted, surroundings);
  if (wanted.presence === 'absent') return next ? [stepOf(next, grant, wanted)] : [];
  const end = stepAtEnd(grant, wanted, surroundings);
  if (!next || next.at >= wanted.until) return end;
  return [stepOf(next, grant, wanted), ...end];
}

/** What follows at the end of a record in force, with all that was to happen before it done. */
function stepAtEnd(
  grant: GrantState,
  wanted: Extract<Wanted, { presence: 'present' }>,
  surroundings: Surroundings,
): Step[] {
  const { until, nativeEnd } = wanted;
  if (nativeEnd > until)
    return [{ at: until, does: 'hand-over', why: 'its renewal goes on with what stands there' }];
  const { call: _, taken: __, retry: ___, task: ____, ...rest } = grant;
  const standing: GrantState = { ...rest, status: 'in-place', failures: [], failed_calls: 0 };
  const ended: Wanted = { presence: 'absent', since: until };
  const then = { ...surroundings, now: until, reads: 0, readAt: undefined };
  const move = nextMove(standing, ended, then);
  return move ? [{ ...stepOf(move, standing, ended), ...endWhy(move) }] : [];
}

function endWhy({ do: what }: Move): Partial<Step> {
  return what.kind === 'call' ? { why: 'its record ends then' } : {};
}

function stepOf({ at, do: what }: Move, grant: GrantState, wanted: Wanted): Step {
  switch (what.kind) {
    case 'call':
      return { at, does: doesOf(what.operation), why: whyCalled(what.operation, grant) };
    case 'give-up-call': {
      const { operation, at: since } = grant.call ?? { operation: 'remove' as const, at };
      return { at: since, does: doesOf(operation), why: 'a call for it is under way' };
    }
    case 'not-seen': {
      const why = 'the cloud has taken a call for it, and nothing of it is seen yet';
      return { at, does: doesOf(what.operation), why };
    }
    case 'look':
      return { at, does: 'look', why: whyLooked(grant, wanted) };
    case 'open-task':
      return { at, does: 'ask-a-person', why: what.reason };
    case 'escalate':
      return { at, does: 'escalate', why: `its removal task is still open: ${what.to} is told` };
    case 'hand-over':
      return { at, does: 'hand-over', why: `${what.to} goes on with what stands there` };
  }
}

function doesOf(operation: Operation): StepKind {
  return operation === 'apply' ? 'put-in-place' : 'take-away';
}

function whyCalled(operation: Operation, { failures, status }: GrantState): string {
  const last = failures.at(-1);
  if (last?.operation === operation) return `the call before it failed: ${last.message}`;
  if (operation === 'remove') return 'its record has ended';
  return status === 'in-place' ? 'its end in the cloud is moved' : 'its record is in force';
}

function whyLooked({ taken, mode }: GrantState, { presence }: Wanted): string {
  if (taken) return 'the cloud has taken a call for it: it is read back';
  if (presence === 'present') return `the mode is ${mode}: others put it in place`;
  return `the mode is ${mode}: a person takes it away`;
}
