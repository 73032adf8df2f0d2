import { isComplete } from '../policy/approval-progress.ts';
import { addText, evaluatePolicy } from '../policy/evaluate.ts';
import type { DurationText, Policy, Requirement } from '../policy/policy.ts';
import { formatInstant, type Instant } from '../schedule/instant.ts';
import { hasDecisionRecord } from './break-glass.ts';
import { chainPlace } from './chain-place.ts';
import type { DataOf } from './event-reading.ts';
import type { ExceptionEvent } from './events.ts';
import type { ExceptionFields } from './fields.ts';
import type { ApprovalState, ExceptionState, OwedReview } from './state.ts';

/** A review that a record owes from `since` on, and its end until that is settled. */
export function owing(
  state: Pick<ExceptionState, 'owed'>,
  review: Pick<OwedReview, 'change_id' | 'kind' | 'reason'>,
  times: { readonly since: Instant; readonly within: DurationText; readonly end: Instant },
  requirements: readonly Requirement[],
): DataOf<'ReviewOwed'> {
  // What is owed already is owed no later for being asked about anew.
  const by = Math.min(addText(times.since, times.within), state.owed?.by ?? Infinity);
  return {
    ...review,
    by: formatInstant(by),
    expires_at: formatInstant(Math.min(times.end, by)),
    requirements,
  };
}

/** The end of a record, were the review that it owes settled. */
export function fullEnd({ owed, expires_at }: ExceptionState): Instant | undefined {
  return owed ? owed.expires_at : expires_at;
}

/** That the review is settled, where nothing is lacking any more. */
export function settlement(
  state: ExceptionState,
  { approvals, requirements }: ApprovalState,
  fields: ExceptionFields = state.fields,
): ExceptionEvent[] {
  const { owed } = state;
  if (!owed || !isComplete(requirements, approvals)) return [];
  if (owed.kind === 'break-glass' && !hasDecisionRecord(fields)) return [];
  // What is over stays over.
  const end = state.status === 'Expired' ? (state.expires_at ?? owed.by) : owed.expires_at;
  const data = { change_id: owed.change_id, expires_at: formatInstant(end) };
  return [{ type: 'ReviewSettled', data }];
}

/**
 * The review that was not given in time. An emergency was nobody's to allow and is revoked; of a
 * risk that has changed, the missed review expires the record like any other (DESIGN section 1).
 */
export function missedReview(owed: OwedReview): ExceptionEvent {
  const { change_id, kind, by } = owed;
  const cause = kind === 'break-glass' ? 'revoked' : 'end-reached';
  const reason = `the ${kind} review that was owed by ${formatInstant(by)} was not given`;
  return { type: 'ReviewFailed', data: { change_id, cause, ended_at: formatInstant(by), reason } };
}

/** The approvals that the policy asks for of a record with these fields. */
export function requirementsNow(
  policy: Policy,
  state: ExceptionState,
  fields: ExceptionFields,
): readonly Requirement[] {
  return evaluatePolicy(policy, fields, chainPlace(state)).requirements;
}
