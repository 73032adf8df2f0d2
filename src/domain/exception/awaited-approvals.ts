import { type Actor, isSamePerson } from '../access/actor.ts';
import { canFill, openRequirements, unmetRequirements } from '../policy/approval-progress.ts';
import type { Policy, Requirement } from '../policy/policy.ts';
import { isBreakGlass } from './break-glass.ts';
import type { ApprovalState, ExceptionState } from './state.ts';

/** What waits for a decision: the request under review, a review that is owed, or a change in force. */
export function awaitedDecision(
  state: ExceptionState,
): (ApprovalState & { readonly change_id?: string }) | undefined {
  if (state.status === 'Under-Review' && state.request)
    return { requirements: state.request.requirements, approvals: state.approvals };
  return state.owed ?? state.pending_change;
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
export function isRequestor(state: ExceptionState, actor: Actor): boolean {
  const requestors = [
    ...state.contributors,
    { email: state.fields.requestor?.email },
    awaitedDecision(state)?.requested_by ?? {},
  ];
  return requestors.some((person) => isSamePerson(person, actor));
}

/** Whether somebody has approved already what waits. */
export function hasApproved(awaited: ApprovalState, actor: Actor): boolean {
  return awaited.approvals.some(({ by }) => isSamePerson(by, actor));
}

/** What of a record waits for somebody: the requirements that they may fill next. */
export function waitsFor(state: ExceptionState, actor: Actor, policy: Policy): Requirement[] {
  const awaited = awaitedDecision(state);
  if (!awaited || isRequestor(state, actor) || hasApproved(awaited, actor)) return [];
  return awaitedRequirements(state).filter((requirement) => canFill(requirement, actor, policy));
}
