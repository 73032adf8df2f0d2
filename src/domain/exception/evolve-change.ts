import type { Instant } from '../schedule/instant.ts';
import { actorReference, type DataOf, type EventContext, instant } from './event-reading.ts';
import type { PermanenceDocuments } from './events.ts';
import type { Escalating, ExceptionState, PendingChange } from './state.ts';

/** A change that was asked for, while it waits. */
export function pendingChange(
  kind: PendingChange['kind'],
  data: DataOf<'ExtensionRequested' | 'ReviewRequested'>,
  { at, actor }: EventContext,
  documents?: PermanenceDocuments,
): PendingChange {
  return {
    change_id: data.change_id,
    kind,
    ...(documents ? { documents } : {}),
    expires_at: instant(data.expires_at),
    reason: data.reason,
    risk_review: data.risk_review,
    requested_by: actorReference(actor),
    requested_at: at,
    requirements: data.requirements,
    ...(data.escalation ? { escalation: data.escalation } : {}),
    approvals: [],
  };
}

/** The next above was told of what waits. */
export function escalated(
  state: ExceptionState,
  data: DataOf<'ApprovalEscalated'>,
  at: Instant,
): ExceptionState {
  const { to, due, waits_since } = data;
  const told = { to, due: instant(due), at, waits_since: instant(waits_since) };
  const { request, pending_change: change } = state;
  const added = ({ escalations = [] }: Escalating) => ({ escalations: [...escalations, told] });
  if (data.change_id === undefined)
    return request ? { ...state, request: { ...request, ...added(request) } } : state;
  return change ? { ...state, pending_change: { ...change, ...added(change) } } : state;
}

/** From here on its end is its next review, and whether it is permanent is decided. */
export function madePermanent(
  state: ExceptionState,
  data: DataOf<'PermanenceGranted'>,
  at: Instant,
): ExceptionState {
  const { documents, risk_review } = state.pending_change ?? {};
  if (!documents || risk_review === undefined) return state;
  const { decision: _, ...decided } = withoutDecisionDue(withNewEnd(state, data));
  return { ...decided, permanence: { ...documents, granted_at: at, risk_review } };
}

/** Its review is done: the end is the next one. */
export function reviewed(
  state: ExceptionState,
  data: DataOf<'ReviewCompleted'>,
  at: Instant,
): ExceptionState {
  const { permanence, pending_change } = state;
  if (!permanence || !pending_change) return state;
  const { risk_review } = pending_change;
  return {
    ...withNewEnd(state, data),
    permanence: { ...permanence, reviewed_at: at, risk_review },
  };
}

function withNewEnd(
  state: ExceptionState,
  data: DataOf<'PermanenceGranted' | 'ReviewCompleted'>,
): ExceptionState {
  return {
    ...withoutPendingChange(state),
    status: 'Active',
    expires_at: instant(data.expires_at),
    reminders: data.reminders.map(instant),
  };
}

/** No decision on its chain is to fall due any more. */
export function withoutDecisionDue({ decision_due: _, ...state }: ExceptionState): ExceptionState {
  return state;
}

/** Nothing waits any more. */
export function withoutPendingChange({
  pending_change: _,
  ...state
}: ExceptionState): ExceptionState {
  return state;
}
