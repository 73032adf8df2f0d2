import type { ChainPlace, FirstApprover } from '../policy/policy.ts';
import type { ExceptionState } from './state.ts';

/** Where a record stands in its chain, as policies look at it. */
export function chainPlace(state: ExceptionState): ChainPlace {
  const { renewal_number, first_approvers } = state;
  const place = { renewal_number, kind: kindOf(state) };
  return first_approvers ? { ...place, first_approvers } : place;
}

/** A record is time-boxed until it was made permanent. */
export function kindOf({ permanence }: ExceptionState): ChainPlace['kind'] {
  return permanence ? 'permanent' : 'time-boxed';
}

/** Who approved the first record of a chain, for the renewal of this one. */
export function firstApprovers({ first_approvers, approvals }: ExceptionState): FirstApprover[] {
  return [...(first_approvers ?? approvals.map(({ role, by }) => ({ role, ...by })))];
}
