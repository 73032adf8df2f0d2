import type { Instant } from '../schedule/instant.ts';
import { actorReference, type DataOf, type EventContext, instant } from './event-reading.ts';
import { withoutPendingChange } from './evolve-change.ts';
import type { ExceptionState } from './state.ts';
import { type ClosedReason, IN_FORCE } from './status.ts';

const CAUSE_REASON = {
  'end-reached': 'expired',
  revoked: 'revoked',
  closed: 'remediated',
} as const;

/** No longer in force, and not yet shown to be over. */
export function expired(state: ExceptionState, data: DataOf<'ExceptionExpired'>): ExceptionState {
  const at = instant(data.ended_at);
  const ended = {
    at,
    reason: CAUSE_REASON[data.cause],
    ...(data.reason === undefined ? {} : { note: data.reason }),
    ...(data.evidence === undefined ? {} : { evidence: data.evidence }),
  };
  // What an emergency owes outlasts it; a risk that has ended needs nobody's review.
  const rest = state.owed?.kind === 'break-glass' ? state : withoutOwed(state);
  // An end that is brought forward is the record's end: nothing may read it as still in force.
  return { ...withoutPendingChange(rest), status: 'Expired', expires_at: at, ended };
}

/** Over, for whatever reason: nothing waits and nothing is owed. */
export function closed(
  state: ExceptionState,
  data: DataOf<'ExceptionClosed'>,
  context: EventContext,
): ExceptionState {
  return {
    ...withoutOwed(withoutPendingChange(state)),
    ...(IN_FORCE.includes(state.status) ? endedBy(state, data.reason, context.at) : {}),
    status: 'Closed',
    closed: {
      at: context.at,
      by: actorReference(context.actor),
      reason: data.reason,
      ...(data.note === undefined ? {} : { note: data.note }),
      evidence: data.evidence ?? [],
      archives_at: instant(data.archives_at),
    },
  };
}

/** A review that was owed was missed, or went against the record. */
export function reviewFailed(state: ExceptionState, data: DataOf<'ReviewFailed'>): ExceptionState {
  const { cause, ended_at, reason } = data;
  const rest = withoutOwed(state);
  if (!state.ended) return expired(rest, { cause, ended_at, reason });
  return { ...rest, ended: { ...state.ended, reason: CAUSE_REASON[cause], note: reason } };
}

/** Nothing is owed any more. */
export function withoutOwed({ owed: _, ...state }: ExceptionState): ExceptionState {
  return state;
}

/** In force until it was closed: its end is then, and never later than the one it had. */
function endedBy(state: ExceptionState, reason: ClosedReason, now: Instant) {
  const at = Math.min(now, state.expires_at ?? now);
  return { expires_at: at, ended: { at, reason } };
}
