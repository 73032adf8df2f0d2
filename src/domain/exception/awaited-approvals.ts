import { openRequirements } from '../policy/approval-progress.ts';
import type { Requirement } from '../policy/policy.ts';
import type { ActorReference, ApprovalState, ExceptionState } from './state.ts';

/** What waits for a decision: the request that is under review, or the change of a record in force. */
export function awaitedDecision(
  state: ExceptionState,
): (ApprovalState & { readonly change_id?: string }) | undefined {
  if (state.status === 'Under-Review' && state.request)
    return { requirements: state.request.requirements, approvals: state.approvals };
  return state.pending_change;
}

/** The approvals that can be given next. */
function awaitedRequirements(state: ExceptionState): Requirement[] {
  const awaited = awaitedDecision(state);
  return awaited ? openRequirements(awaited.requirements, awaited.approvals) : [];
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
