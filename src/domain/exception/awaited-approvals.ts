import { openRequirements, unmetRequirements } from '../policy/approval-progress.ts';
import type { Requirement } from '../policy/policy.ts';
import type { Instant } from '../schedule/instant.ts';
import { isBreakGlass } from './break-glass.ts';
import type { ActorReference, ApprovalState, Escalating, ExceptionState } from './state.ts';

/** What waits for a decision. */
interface AwaitedDecision extends ApprovalState, Escalating {
  /** The change; a request has none. */
  readonly change_id?: string;
  readonly asked_at: Instant;
}

/** What waits for a decision: the request under review, a review that is owed, or a change in force. */
export function awaitedDecision(state: ExceptionState): AwaitedDecision | undefined {
  const { status, request, approvals } = state;
  if (status === 'Under-Review' && request)
    return { ...request, approvals, asked_at: request.submitted_at };
  const change = state.owed ?? state.pending_change;
  return change && { ...change, asked_at: change.requested_at };
}

/** The approvals that can be given next; of an emergency every one, whatever its step. */
export function awaitedRequirements(state: ExceptionState): Requirement[] {
  const awaited = awaitedDecision(state);
  if (!awaited) return [];
  const next = isBreakGlass(state) ? unmetRequirements : openRequirements;
  return next(awaited.requirements, awaited.approvals);
}

/** The roles of them, each once. */
export function awaitedRoles(state: ExceptionState): string[] {
  return [...new Set(awaitedRequirements(state).map(({ role }) => role))];
}

/** Everyone who asked for it or wrote it: nobody of them approves it. */
export function requestorsOf(state: ExceptionState): Partial<ActorReference>[] {
  const { email } = state.fields.requestor ?? {};
  const asked = awaitedDecision(state)?.requested_by;
  return [
    ...state.contributors,
    ...(email === undefined ? [] : [{ email }]),
    ...(asked ? [asked] : []),
  ];
}
