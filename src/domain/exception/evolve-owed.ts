import {
  actorReference,
  approval,
  type DataOf,
  type EventContext,
  instant,
} from './event-reading.ts';
import { withoutPendingChange } from './evolve-change.ts';
import { withoutOwed } from './evolve-end.ts';
import { fullEnd } from './owed-review.ts';
import type { ExceptionState } from './state.ts';

/**
 * A review is owed: until it is settled the record ends when that is due, so that nothing which reads
 * its end can take it for in force any longer. Approvals of what stood before are void.
 */
export function reviewOwed(
  state: ExceptionState,
  data: DataOf<'ReviewOwed'>,
  { at, actor }: EventContext,
): ExceptionState {
  const { change_id, kind, reason, requirements } = data;
  const first = kind === 'break-glass' && !state.owed;
  const end = instant(data.expires_at);
  const owed = {
    change_id,
    kind,
    reason,
    by: instant(data.by),
    expires_at: fullEnd(state) ?? end,
    requested_by: (first && state.request?.submitted_by) || actorReference(actor),
    requested_at: at,
    requirements,
    // The approval that put an emergency in force is one of those that it needs.
    approvals: first ? state.approvals : [],
  };
  return { ...withoutPendingChange(state), owed, expires_at: end };
}

/** An approval of the review that is owed, or of the change that waits. */
export function changeApproved(
  state: ExceptionState,
  data: DataOf<'ChangeApprovalGiven' | 'ExtensionApprovalGiven'>,
  context: EventContext,
): ExceptionState {
  const { owed, pending_change } = state;
  const given = approval(data, context);
  if (owed) return { ...state, owed: { ...owed, approvals: [...owed.approvals, given] } };
  if (!pending_change) return state;
  const approvals = [...pending_change.approvals, given];
  return { ...state, pending_change: { ...pending_change, approvals } };
}

/** The review is settled: the record has its end again, and an emergency all of its approvals. */
export function reviewSettled(
  state: ExceptionState,
  data: DataOf<'ReviewSettled'>,
): ExceptionState {
  const { owed, approvals } = state;
  if (!owed) return state;
  return {
    ...withoutOwed(state),
    expires_at: instant(data.expires_at),
    approvals: owed.kind === 'break-glass' ? owed.approvals : approvals,
  };
}
