import { DAY, HOUR, type Instant, MINUTE, SECOND } from '../schedule/instant.ts';
import type { GrantState, Operation } from './grant.ts';
import { hasWantedEnd, type Wanted } from './wanted.ts';

/** What is to be done for a grant next, and when. */
export interface Move {
  readonly at: Instant;
  readonly do: /** A call of the connector. */
    | { readonly kind: 'call'; readonly operation: Operation }
    /** A look at the cloud. */
    | { readonly kind: 'look' }
    /** A call whose answer nobody has recorded: whoever made it was stopped. */
    | { readonly kind: 'give-up-call' }
    /** What the cloud has taken cannot be seen: it is to be called again. */
    | { readonly kind: 'not-seen'; readonly operation: Operation }
    | { readonly kind: 'open-task'; readonly reason: string }
    | { readonly kind: 'escalate'; readonly to: string }
    | { readonly kind: 'hand-over'; readonly to: string };
}

/** What the next move depends on besides the grant and what is wanted. */
export interface Surroundings {
  readonly now: Instant;
  /** Reads in a row that showed what is wanted, and when it was last looked at. */
  readonly reads: number;
  readonly readAt: Instant | undefined;
}

/** How long a call may be under way; whoever made it is taken for dead after that. */
export const CALL_LIMIT = 45 * SECOND;
/** Pauses after each failed call; the last one stays. The cloud may ask for longer ones. */
const PAUSES = [5 * SECOND, 10 * SECOND, 20 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR];
/** Failed calls after which a person is told. */
export const MOST_ATTEMPTS = 4;
/** After so long past its end a person is told, whatever the reason. */
const OVERDUE = 15 * MINUTE;
const LOOK_AGAIN = 2 * SECOND;
const LOOK_AT_LEAST_EVERY = MINUTE;
/** How often it is looked at what others are to put in place or to take away. */
const LOOK_FOR_OTHERS = HOUR;
/** Who is told when a removal task stays open, a day after the other. */
const REMOVAL_ESCALATION = ['platform-lead', 'security', 'ciso'] as const;
const ESCALATES_EVERY = DAY;

/**
 * The next move for a grant, `undefined` where only a change of its record brings one about. It is
 * level-triggered: asked again after each event it gives the one that follows, so that whatever was
 * missed is caught up.
 */
export function nextMove(
  grant: GrantState,
  wanted: Wanted,
  surroundings: Surroundings,
): Move | undefined {
  const { call } = grant;
  if (call) return { at: call.at + CALL_LIMIT, do: { kind: 'give-up-call' } };
  if (wanted.presence === 'present') return towardsPresence(grant, wanted, surroundings);
  if (grant.status === 'removed') return undefined;
  if (wanted.handOverTo) {
    return { at: wanted.since, do: { kind: 'hand-over', to: wanted.handOverTo.grantId } };
  }
  // What has come back is to be gone since then: its end was kept once.
  const since = Math.max(wanted.since, grant.again?.at ?? 0);
  const acting = towardsAbsence(grant, since, surroundings);
  // After a time in which nobody worked, the call comes first: it may be all that it takes.
  if (acting?.do.kind === 'call' && acting.at <= surroundings.now && !isTried(grant)) return acting;
  return earliest(telling(grant, since), acting);
}

/** Whether its removal was tried, or a person was told. */
function isTried({ status }: GrantState): boolean {
  return status === 'removing' || status === 'failed' || status === 'manual';
}

/** The pause before another call after so many have failed. */
export function pauseAfter(failedCalls: number): number {
  return PAUSES[Math.min(failedCalls, PAUSES.length - 1)] ?? HOUR;
}

/** The pause after a call that was refused for its number, after so many before it. */
export function pauseWhenThrottled(before: number): number {
  return Math.min(SECOND * 2 ** Math.min(before, 5), 30 * SECOND);
}

function towardsPresence(
  grant: GrantState,
  wanted: Extract<Wanted, { presence: 'present' }>,
  surroundings: Surroundings,
): Move | undefined {
  const { now } = surroundings;
  const until: Move = { at: wanted.until, do: { kind: 'look' } };
  if (grant.connection === undefined) return undefined;
  if (grant.mode !== 'manage') {
    if (grant.status === 'in-place') return until;
    return earliest(
      lookAt((surroundings.readAt ?? now - LOOK_FOR_OTHERS) + LOOK_FOR_OTHERS),
      until,
    );
  }
  if (grant.taken?.operation === 'apply') return readBack(grant.taken, surroundings);
  if (grant.status === 'in-place' && hasWantedEnd(grant.placed, wanted)) return until;
  return earliest(callAt(grant, 'apply', now), until);
}

function towardsAbsence(
  grant: GrantState,
  since: Instant,
  surroundings: Surroundings,
): Move | undefined {
  const { now, readAt } = surroundings;
  if (grant.connection === undefined) return undefined;
  if (grant.mode === 'observe') {
    return lookAt(readAt === undefined || readAt < since ? since : readAt + LOOK_FOR_OTHERS);
  }
  if (grant.taken?.operation === 'remove') return readBack(grant.taken, surroundings);
  return callAt(grant, 'remove', now);
}

/** Telling people: a task where it cannot be done, later those above. */
function telling(grant: GrantState, since: Instant): Move | undefined {
  const { task } = grant;
  if (!task || task.ended) {
    const because = reasonForTask(grant, since);
    return because && { at: because.at, do: { kind: 'open-task', reason: because.reason } };
  }
  const to = REMOVAL_ESCALATION[task.escalations.length];
  if (to === undefined) return undefined;
  const at = task.opened_at + (task.escalations.length + 1) * ESCALATES_EVERY;
  return { at, do: { kind: 'escalate', to } };
}

function reasonForTask(grant: GrantState, since: Instant): { at: Instant; reason: string } {
  const last = grant.failures.at(-1);
  if (grant.connection === undefined)
    return { at: since, reason: 'no connection reaches it: a person has to take it away' };
  if (grant.mode === 'observe')
    return { at: since, reason: 'the mode is observe: a person has to take it away' };
  if (last && last.kind === 'refused' && last.operation === 'remove')
    return { at: since, reason: `the cloud refuses its removal: ${last.message}` };
  if (last && grant.failed_calls >= MOST_ATTEMPTS && last.operation === 'remove')
    return { at: since, reason: `${grant.failed_calls} attempts failed: ${last.message}` };
  return { at: since + OVERDUE, reason: 'it was not seen gone a quarter of an hour after its end' };
}

/** Looks until what was asked for is there; where it stays away, the call is made again. */
function readBack(taken: NonNullable<GrantState['taken']>, { reads, readAt }: Surroundings): Move {
  const { operation, look_at, seen_by } = taken;
  // Reads that have begun to show it are gone on with.
  if (readAt !== undefined && readAt >= seen_by && reads === 0)
    return { at: seen_by, do: { kind: 'not-seen', operation } };
  if (readAt === undefined || readAt < look_at) return lookAt(look_at);
  // What takes its time is asked for less and less often.
  const pause = Math.min(Math.max((readAt - look_at) / 4, LOOK_AGAIN), LOOK_AT_LEAST_EVERY);
  return lookAt(readAt + Math.round(pause));
}

function callAt({ retry }: GrantState, operation: Operation, now: Instant): Move {
  const at = retry?.operation === operation ? retry.at : now;
  return { at, do: { kind: 'call', operation } };
}

function lookAt(at: Instant): Move {
  return { at, do: { kind: 'look' } };
}

function earliest(one: Move | undefined, other: Move | undefined): Move | undefined {
  if (!one || !other) return one ?? other;
  return other.at < one.at ? other : one;
}
