import type { ChainPlace, FirstApprover } from '../policy/policy.ts';
import type { ExceptionState } from './state.ts';

/** Where a record stands in its chain, as policies look at it. */
export function chainPlace({ renewal_number, first_approvers }: ExceptionState): ChainPlace {
  const place = { renewal_number, kind: 'time-boxed' } as const;
  return first_approvers ? { ...place, first_approvers } : place;
}

/** Who approved the first record of a chain, for the renewal of this one. */
export function firstApprovers({ first_approvers, approvals }: ExceptionState): FirstApprover[] {
  return [...(first_approvers ?? approvals.map(({ role, by }) => ({ role, ...by })))];
}
