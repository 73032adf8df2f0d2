import { addText } from '../policy/evaluate.ts';
import type { DurationText, Policy } from '../policy/policy.ts';
import { formatInstant, type Instant } from '../schedule/instant.ts';
import { archivesAt } from './archiving.ts';
import { decisionDue, demand } from './chain-decision.ts';
import { escalation, nextEscalation } from './escalation.ts';
import type { ExceptionEvent } from './events.ts';
import { missedReview } from './owed-review.ts';
import { closedAfterRemoval } from './removal.ts';
import type { ExceptionState } from './state.ts';
import { IN_FORCE, OPEN } from './status.ts';

/**
 * The next transition that time alone brings about, and when it is due; `undefined` where only
 * people can move the record on. `advance` performs it; the due-work loop sleeps until it.
 */
export function nextDeadline(state: ExceptionState): Instant | undefined {
  return earliest(lifecycleDeadline(state), dueDecision(state));
}

/** When something is due next: that transition, or telling the next above of what waits. */
export function nextDue(state: ExceptionState): Instant | undefined {
  return earliest(nextDeadline(state), nextEscalation(state));
}

function earliest(one: Instant | undefined, other: Instant | undefined): Instant | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

function lifecycleDeadline(state: ExceptionState): Instant | undefined {
  switch (state.status) {
    case 'Under-Review':
      return state.request?.lapses_at;
    case 'Approved':
      // What cannot start lapses at its end.
      return canActivate(state) ? state.effective_from : state.expires_at;
    case 'Active':
      return firstReminder(state);
    case 'Expiring':
    case 'Extended':
      return state.expires_at;
    case 'Expired':
      // What an emergency owes outlasts it; with what was granted gone, nothing else is left.
      return state.owed?.by ?? state.removal?.at;
    case 'Closed':
      return state.closed?.archives_at;
    default:
      return undefined;
  }
}

/**
 * The one thing that is due at `now`, or none. It is level-triggered: called again after its
 * event was applied it gives the next one, so a week of downtime is caught up in one pass. What
 * reads have shown meanwhile is what gets recorded: a record whose start was reached in time was in
 * force and expires, though a late sweep sees start and end at once; it does not lapse.
 */
export function advance(
  state: ExceptionState,
  now: Instant,
  policy: Policy,
): ExceptionEvent | undefined {
  const deadline = nextDeadline(state);
  const due = nextDue(state);
  if (due === undefined || now < due) return undefined;
  if (deadline === undefined || due < deadline) return escalation(state, due);
  if (deadline === dueDecision(state)) return demand(deadline, policy);
  switch (state.status) {
    case 'Under-Review':
      return lapsed('nobody decided the request in time', now, policy);
    case 'Approved':
      return canActivate(state)
        ? activation(state, deadline, policy)
        : lapsed('never activated before its end', now, policy);
    case 'Expired':
      return state.owed ? missedReview(state.owed) : closedAfterRemoval(state, now, policy);
    case 'Closed':
      return { type: 'ExceptionArchived', data: {} };
    default:
      return now >= (state.expires_at ?? 0) ? ending(state, now, policy) : expiring(deadline);
  }
}

/** Whether everything that activation needs is there, its start apart (000 section 2, step 4). */
export function canActivate(state: ExceptionState): boolean {
  return state.controls_confirmed !== undefined && hasTelemetry(state);
}

/** Whether at least one dashboard, alert, metric or trace is linked (000 section 2, step 4). */
export function hasTelemetry(state: ExceptionState): boolean {
  return Object.values(state.fields.telemetry ?? {}).some((links) => (links?.length ?? 0) > 0);
}

/**
 * In force: `effective_from <= now < expires_at` and a status that allows it, computed from time at
 * every read and never trusted from a stored status (DESIGN section 1).
 */
export function isInForce(state: ExceptionState, now: Instant): boolean {
  const { effective_from: from, expires_at: end } = state;
  return (
    IN_FORCE.includes(state.status) &&
    from !== undefined &&
    end !== undefined &&
    from <= now &&
    now < end
  );
}

/** The activation of a record whose conditions hold, from the instant since which they do. */
export function activation(state: ExceptionState, since: Instant, policy: Policy): ExceptionEvent {
  const activated = { activated_at: formatInstant(since) };
  const due = decisionDue(state, since, policy);
  const data = due === undefined ? activated : { ...activated, decision_due: formatInstant(due) };
  return { type: 'ExceptionActivated', data };
}

/** The reminders so long before `end` that lie after `from`, earliest first, as payloads hold them. */
export function remindersAfter(
  from: Instant,
  end: Instant,
  offsets: readonly DurationText[],
): string[] {
  return offsets
    .map((offset) => end - addText(0, offset))
    .filter((at) => at > from)
    .sort((a, b) => a - b)
    .map(formatInstant);
}

/** A decision on the chain is due of what is open alone. */
function dueDecision({ status, decision_due }: ExceptionState): Instant | undefined {
  return OPEN.includes(status) ? decision_due : undefined;
}

function firstReminder(state: ExceptionState): Instant | undefined {
  const [first] = state.reminders;
  // Shorter than the last reminder: there is no Expiring, only the end.
  if (first === undefined || state.expires_at === undefined) return state.expires_at;
  return Math.min(first, state.expires_at);
}

function expiring(due: Instant): ExceptionEvent {
  return { type: 'ExceptionExpiring', data: { due: formatInstant(due) } };
}

function ending(state: ExceptionState, now: Instant, policy: Policy): ExceptionEvent {
  const renewed = state.renewed_by;
  // A renewal that is ready takes over without a gap, so there is nothing to remove.
  if (renewed && renewed.takes_over_at <= (state.expires_at ?? 0)) {
    return {
      type: 'ExceptionClosed',
      data: { reason: 'renewed', archives_at: archivesAt(now, policy) },
    };
  }
  const { owed } = state;
  if (owed && owed.by <= (state.expires_at ?? 0)) return missedReview(owed);
  const ended_at = formatInstant(state.expires_at ?? now);
  return { type: 'ExceptionExpired', data: { cause: 'end-reached', ended_at } };
}

function lapsed(note: string, now: Instant, policy: Policy): ExceptionEvent {
  return {
    type: 'ExceptionClosed',
    data: { reason: 'lapsed', note, archives_at: archivesAt(now, policy) },
  };
}
