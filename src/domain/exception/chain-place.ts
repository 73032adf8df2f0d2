import { hasLeft, type People } from '../delegation/people.ts';
import type { ChainPlace, FirstApprover } from '../policy/policy.ts';
import type { ExceptionState } from './state.ts';

/**
 * Where a record stands in its chain, as policies look at it. Who asks whose approvals it needs gives
 * the people too, since some of the first approvers may have left.
 */
export function chainPlace(state: ExceptionState, people?: People): ChainPlace {
  const { renewal_number, first_approvers } = state;
  const place = { renewal_number, kind: kindOf(state) };
  if (!first_approvers) return place;
  return {
    ...place,
    first_approvers: people ? withLeft(first_approvers, people) : first_approvers,
  };
}

function withLeft(approvers: readonly FirstApprover[], people: People) {
  return approvers.map((one) => (hasLeft(one, people) ? { ...one, left: true } : one));
}

/** A record is time-boxed until it was made permanent. */
export function kindOf({ permanence }: ExceptionState): ChainPlace['kind'] {
  return permanence ? 'permanent' : 'time-boxed';
}

/** Who approved the first record of a chain, for the renewal of this one. */
export function firstApprovers({ first_approvers, approvals }: ExceptionState): FirstApprover[] {
  if (first_approvers) return [...first_approvers];
  return approvals.map(({ role, by, on_behalf_of }) => {
    // Whoever acts for somebody does so for a time: the role stays with whose it is.
    const { id, name, email } = on_behalf_of ?? by;
    return { role, id, name, ...(email === undefined ? {} : { email }) };
  });
}
