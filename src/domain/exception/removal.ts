import { grantsOf } from '../enforcement/grant-spec.ts';
import type { Policy } from '../policy/policy.ts';
import type { Instant } from '../schedule/instant.ts';
import { archivesAt } from './archiving.ts';
import { type Decider, refuse } from './decision.ts';
import type { ExceptionEvent } from './events.ts';
import type { ExceptionState } from './state.ts';

/**
 * Every grant of the record is gone: seen by Lapse, or attested by a person. A record that was Expired
 * is closed with it (DESIGN section 1, "revoke and close"), save where an emergency still owes its
 * review: time closes it once that is settled.
 */
export const decideConfirmRemoval: Decider<'ConfirmRemoval'> = (state, { grants }, context) => {
  const listed = grantsOf(state);
  const missing = listed.filter(({ grantId }) => !grants.some((gone) => gone.grant_id === grantId));
  if (listed.length === 0) return refuse('not-ready', 'it lists no grants that could be gone');
  if (missing.length > 0) {
    const names = missing.map(({ grantId }) => grantId).join(', ');
    return refuse('not-ready', `not all grants are gone: ${names}`);
  }
  if (state.removal) return [];
  const confirmed: ExceptionEvent = { type: 'RemovalConfirmed', data: { grants } };
  if (state.owed) return [confirmed];
  return [confirmed, closedAfterRemoval(state, context.now, context.policy)];
};

/** Closes what has ended, for the reason for which it ended, now that nothing of it is in place. */
export function closedAfterRemoval(
  { ended }: ExceptionState,
  now: Instant,
  policy: Policy,
): ExceptionEvent {
  const data = {
    reason: ended?.reason ?? 'expired',
    ...(ended?.note === undefined ? {} : { note: ended.note }),
    ...(ended?.evidence === undefined ? {} : { evidence: ended.evidence }),
    archives_at: archivesAt(now, policy),
  };
  return { type: 'ExceptionClosed', data };
}
