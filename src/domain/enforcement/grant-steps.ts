import { formatInstant, type Instant, MINUTE } from '../schedule/instant.ts';
import type { CallOutcome, Observation, Placed } from './connector.ts';
import type { GrantState } from './grant.ts';
import type { GrantEvent, PlacedText } from './grant-events.ts';
import { MOST_ATTEMPTS, type Move, pauseAfter, pauseWhenThrottled } from './next-move.ts';
import { hasWantedEnd, type Wanted } from './wanted.ts';

/** By when the cloud shows what it has taken, and what it said it would still work on. */
const TO_BE_SEEN = 2 * MINUTE;
const TO_BE_FINISHED = 20 * MINUTE;

/** The events of a move that needs nobody else; `newId` makes the ids of calls and tasks. */
export function eventsOf(
  { do: what }: Move,
  grant: GrantState,
  wanted: Wanted,
  now: Instant,
  newId: () => string,
): GrantEvent[] {
  switch (what.kind) {
    case 'call': {
      const ends = wanted.presence === 'present' ? wanted.nativeEnd : undefined;
      const data = {
        call_id: `call_${newId()}`,
        operation: what.operation,
        ...(ends === undefined ? {} : { ends_at: formatInstant(ends) }),
        attempt: grant.failures.at(-1)?.operation === what.operation ? grant.failed_calls + 1 : 1,
      };
      return [{ type: 'CallBegun', data }];
    }
    case 'give-up-call':
      return callFailed(grant, now, 'unknown', 'whoever made it was stopped before its answer');
    case 'not-seen': {
      const { operation } = what;
      const message = `the cloud took it, and it was not seen ${operation === 'apply' ? 'in place' : 'gone'} in time`;
      const retry_at = formatInstant(now + pauseAfter(grant.failed_calls));
      return [{ type: 'GrantNotSeen', data: { operation, message, retry_at } }];
    }
    case 'open-task':
      return [
        {
          type: 'RemovalTaskOpened',
          data: { task_id: `RMT_${newId()}`, reason: what.reason },
        },
      ];
    case 'escalate': {
      const task_id = grant.task?.task_id ?? '';
      return [{ type: 'RemovalTaskEscalated', data: { task_id, to: what.to } }];
    }
    default:
      return [];
  }
}

/** What follows from the answer to a call; nothing where the call was given up meanwhile. */
export function answered(
  grant: GrantState,
  callId: string,
  outcome: CallOutcome,
  now: Instant,
): GrantEvent[] {
  const { call } = grant;
  if (call?.call_id !== callId) return [];
  switch (outcome.kind) {
    case 'done':
      return [taken(callId, now, now + TO_BE_SEEN, outcome.placed)];
    case 'pending':
      return [taken(callId, now + outcome.retryAfter, now + TO_BE_FINISHED, outcome.placed)];
    case 'throttled':
    case 'retry':
    case 'refused':
    case 'unknown':
      return callFailed(grant, now, outcome.kind, outcome.message, retryAfterOf(outcome));
    case 'gone':
      if (call.operation === 'remove') return [seenGone(1, outcome.message)];
      return callFailed(grant, now, 'refused', outcome.message);
  }
}

/** What was looked at of a grant. */
export interface Look {
  readonly events: readonly GrantEvent[];
  /** Reads in a row that showed what is wanted. */
  readonly reads: number;
}

/** What follows from a look at the cloud, after `reads` in a row that showed what is wanted. */
export function observed(
  grant: GrantState,
  wanted: Wanted,
  observation: Observation,
  { reads, readsToConfirm }: { readonly reads: number; readonly readsToConfirm: number },
): Look {
  if (wanted.presence === 'present') {
    if (observation.kind !== 'present') return { events: [], reads: 0 };
    const { placed } = observation;
    // Moved, and not seen yet where it was moved to: asked again at once it would be moved twice.
    if (grant.taken && !hasWantedEnd(placed, wanted)) return { events: [], reads: 0 };
    const isKnown = grant.status === 'in-place' && grant.placed?.endsAt === placed.endsAt;
    if (isKnown && !grant.taken) return { events: [], reads: reads + 1 };
    // What stood there before is known from the call alone.
    const data = { placed: placedText({ ...placed, prior: placed.prior ?? grant.placed?.prior }) };
    return { events: [{ type: 'GrantSeenInPlace', data }], reads: reads + 1 };
  }
  if (grant.status === 'removed') return { events: [], reads };
  if (observation.kind === 'target-gone')
    return { events: [seenGone(1, observation.message)], reads: 1 };
  if (observation.kind === 'absent') {
    const enough = reads + 1 >= readsToConfirm;
    return { events: enough ? [seenGone(reads + 1)] : [], reads: reads + 1 };
  }
  return { events: [], reads: observation.kind === 'present' ? 0 : reads };
}

/** As an event holds it. */
export function placedText({ endsAt, prior, ...placed }: Placed): PlacedText {
  return {
    ...placed,
    ...(endsAt === undefined ? {} : { endsAt: formatInstant(endsAt) }),
    ...(prior === undefined ? {} : { prior }),
  };
}

function taken(
  call_id: string,
  lookAt: Instant,
  seenBy: Instant,
  placed: Placed | undefined,
): GrantEvent {
  const data = {
    call_id,
    ...(placed === undefined ? {} : { placed: placedText(placed) }),
    look_at: formatInstant(lookAt),
    seen_by: formatInstant(Math.max(lookAt, seenBy)),
  };
  return { type: 'CallTaken', data };
}

function callFailed(
  { call, failures, failed_calls, throttled = 0 }: GrantState,
  now: Instant,
  kind: 'throttled' | 'retry' | 'refused' | 'unknown',
  message: string,
  retryAfter = 0,
): GrantEvent[] {
  if (!call) return [];
  const isSame = failures.at(-1)?.operation === call.operation;
  const before = isSame ? failed_calls : 0;
  // A refusal stands until a person has mended something: the last pause, at once.
  const failedPause = pauseAfter(kind === 'refused' ? Infinity : before);
  const own = kind === 'throttled' ? pauseWhenThrottled(throttled) : failedPause;
  const givesUp = kind === 'refused' || (kind !== 'throttled' && before + 1 >= MOST_ATTEMPTS);
  const data = {
    call_id: call.call_id,
    kind,
    message,
    retry_at: formatInstant(now + Math.max(own, retryAfter)),
    ...(givesUp ? { gives_up: true as const } : {}),
  };
  return [{ type: 'CallFailed', data }];
}

function retryAfterOf(outcome: CallOutcome): number | undefined {
  return 'retryAfter' in outcome ? outcome.retryAfter : undefined;
}

function seenGone(reads: number, message?: string): GrantEvent {
  return { type: 'GrantSeenGone', data: { reads, ...(message === undefined ? {} : { message }) } };
}
