import type { DomainError } from '../errors.ts';
import { formatInstant, type Instant } from '../schedule/instant.ts';
import { canActivate } from './advance.ts';
import { noLongerRefusal } from './break-glass.ts';
import { undecidedRefusal } from './chain-decision.ts';
import { firstApprovers } from './chain-place.ts';
import type { CommandOf } from './decision.ts';
import { refuse } from './decision.ts';
import type { ExceptionFields } from './fields.ts';
import { chainMemory } from './lineage.ts';
import { fullEnd } from './owed-review.ts';
import type { ExceptionState } from './state.ts';
import { IN_FORCE, OPEN } from './status.ts';

/**
 * What asking for a renewal brings: a justification of its own, the risk as it is assessed now, and
 * when it should end.
 */
export interface RenewalRequest
  extends Required<
    Pick<ExceptionFields, 'justification' | 'likelihood' | 'impact' | 'risk_review'>
  > {
  readonly expires_at?: string | undefined;
  readonly requested_duration?: string | undefined;
}

/**
 * The draft that renews a record: the same scope in a new record with the chain's next number. What
 * has to be fresh is not copied: justification, risk, evidence, artifacts, and the times (002, Renewal
 * Limits). While the predecessor is in force the renewal starts where it ends.
 */
export function draftRenewal(
  state: ExceptionState,
  request: RenewalRequest,
  now: Instant,
): CommandOf<'DraftRenewal'> | DomainError {
  const ended = state.status === 'Closed' || state.status === 'Archived';
  const wasInForce = state.activated_at !== undefined;
  if (!OPEN.includes(state.status) && !(ended && wasInForce)) {
    return refuse(
      'wrong-state',
      `only an exception that is or was in force can be renewed; this one is ${state.status}${ended ? ' and never was: draft a new exception' : ''}`,
    );
  }
  const emergency = noLongerRefusal(state, 'renewed');
  if (emergency) return emergency;
  if (state.renewed_by || state.closed?.reason === 'renewed') {
    return refuse(
      'already-exists',
      `${state.renewed_by?.exception_id} renews this exception; renew that one`,
    );
  }
  if (state.permanence && IN_FORCE.includes(state.status)) {
    return refuse(
      'wrong-state',
      'a permanent exception is not renewed: its yearly review moves its end (complete-review); what has changed is a reason to revoke it (002, Permanent Exceptions)',
    );
  }
  const undecided = undecidedRefusal(state, now);
  if (undecided) return undecided;
  const {
    justification,
    likelihood,
    impact,
    risk_score,
    risk_review,
    evidence,
    artifacts,
    external_ids,
    expires_at,
    requested_duration,
    ...copied
  } = state.fields;
  const end = fullEnd(state) ?? now;
  const fields: ExceptionFields = {
    ...copied,
    justification: request.justification,
    likelihood: request.likelihood,
    impact: request.impact,
    risk_review: request.risk_review,
    effective_from: formatInstant(state.status === 'Expired' || ended ? now : end),
    ...(request.expires_at === undefined ? {} : { expires_at: request.expires_at }),
    ...(request.requested_duration === undefined
      ? {}
      : { requested_duration: request.requested_duration }),
  };
  return {
    type: 'DraftRenewal',
    fields,
    renews: state.exception_id,
    renewal_number: state.renewal_number + 1,
    first_approvers: firstApprovers(state),
    chain: chainMemory(state),
  };
}

/**
 * What the predecessor has to be told after a command on its renewal: that it hands over once the
 * renewal is approved and ready, and that it does not after all once the renewal is withdrawn,
 * revoked, or has to be approved anew. A renewal that ends no later than its predecessor takes
 * nothing over.
 */
export function chainCommand(
  before: ExceptionState,
  after: ExceptionState,
  predecessor: ExceptionState,
): ChainCommand | undefined {
  const renewal_id = after.exception_id;
  const wasReady = isReady(before);
  if (wasReady && !isReady(after)) return { type: 'UnlinkRenewal', renewal_id };
  const outlasts = (after.expires_at ?? 0) > (fullEnd(predecessor) ?? 0);
  if (wasReady || !isReady(after) || !outlasts) return undefined;
  return { type: 'LinkRenewal', renewal_id, takes_over_at: after.effective_from ?? 0 };
}

type ChainCommand = CommandOf<'LinkRenewal'> | CommandOf<'UnlinkRenewal'>;

function isReady(state: ExceptionState): boolean {
  return IN_FORCE.includes(state.status) || (state.status === 'Approved' && canActivate(state));
}
