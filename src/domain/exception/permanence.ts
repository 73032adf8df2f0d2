import type { DomainError } from '../errors.ts';
import type { Policy } from '../policy/policy.ts';
import { formatInstant } from '../schedule/instant.ts';
import { chainPlace } from './chain-place.ts';
import { type DecisionContext, refuse } from './decision.ts';
import type { PermanenceDocuments } from './events.ts';
import type { ExceptionFields } from './fields.ts';
import { missingByPolicy } from './policy-demands.ts';
import type { ExceptionState } from './state.ts';

const SOURCE = '002, Permanent Exceptions';

/** Why a record cannot be made permanent; `undefined` where it can. */
export function permanenceRefusal(
  state: ExceptionState,
  documents: PermanenceDocuments,
  policy: Policy,
): DomainError | undefined {
  if (state.permanence) {
    const since = formatInstant(state.permanence.granted_at);
    return refuse('already-exists', `the exception is permanent already, since ${since}`);
  }
  const { permanent_after: needed } = policy.chains;
  if (state.renewal_number < needed) {
    return refuse(
      'not-ready',
      `an exception becomes permanent only after ${needed} renewals (${SOURCE}); this is ${state.renewal_number === 0 ? 'the first of its chain' : `renewal ${state.renewal_number}`}, so ${needed - state.renewal_number} more would pass`,
    );
  }
  if (state.renewed_by) {
    return refuse(
      'already-exists',
      `${state.renewed_by.exception_id} renews this exception; withdraw it, or make that one permanent once it is in force`,
    );
  }
  const place = { ...chainPlace(state), kind: 'permanent' } as const;
  const lacking = missingByPolicy(policy, withDocuments(state.fields, documents), place);
  if (lacking.length === 0) return undefined;
  const [first] = lacking;
  return refuse('incomplete-record', `${first?.path} ${first?.message}`, lacking);
}

/** Why its review cannot be completed now; `undefined` where it can. */
export function reviewRefusal(
  { permanence, reminders, status, expires_at }: ExceptionState,
  { now }: DecisionContext,
): DomainError | undefined {
  if (!permanence) {
    return refuse(
      'wrong-state',
      'a time-boxed exception has no yearly review: it ends, or is renewed; a permanent one would pass (make-permanent)',
    );
  }
  const opens = reminders[0];
  // Earlier, and two reviews could lie two years apart.
  if (status !== 'Active' || opens === undefined || now >= opens) return undefined;
  return refuse(
    'not-ready',
    `the review is due by ${formatInstant(expires_at ?? now)} and can be completed from ${formatInstant(opens)} on; where circumstances have changed, revoke it (${SOURCE})`,
  );
}

/** The record's fields as if the documents stood among its artifacts. */
function withDocuments(
  fields: ExceptionFields,
  { business_case, memo }: PermanenceDocuments,
): ExceptionFields {
  const given = [
    { kind: 'business-case' as const, link: business_case },
    { kind: 'memo' as const, link: memo },
  ];
  return { ...fields, artifacts: [...(fields.artifacts ?? []), ...given] };
}
