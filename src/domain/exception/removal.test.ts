import { describe, expect, it } from 'vitest';
import {
  askingFor,
  EMERGENCY,
  GRANTS,
  given,
  ONE_APPROVER,
  personOf,
  REASON,
} from '../../../test/support/given.ts';
import { removedGrants } from '../../../test/support/random-story.ts';
import { DAY, HOUR } from '../schedule/instant.ts';

const running = () => given({ grants: GRANTS }, ONE_APPROVER).submitted().approved().confirmed();
const revoked = () => running().after(DAY).with({ type: 'RevokeException', reason: REASON });

describe('given a record whose grants were in place and that has ended', () => {
  it('when all of them are gone, then it is closed for the reason that ended it', () => {
    const story = revoked();
    const grants = removedGrants(story.state);
    expect(grants).toHaveLength(GRANTS?.length ?? 0);
    const { state } = story.after(HOUR).with({ type: 'ConfirmRemoval', grants });
    expect(state).toMatchObject({
      status: 'Closed',
      closed: { reason: 'revoked', note: REASON },
      removal: { grants },
    });
  });

  it('when one is not among them, then it stays Expired, and the refusal names that one', () => {
    const story = revoked();
    const [first, ...others] = removedGrants(story.state);
    expect(first).toBeDefined();
    const refusal = story.refuses({ type: 'ConfirmRemoval', grants: others });
    expect(refusal.message).toContain(first?.grant_id);
  });

  it('when it ended by its time, then the reason is expired', () => {
    const story = running().after(200 * DAY);
    expect(story.state.status).toBe('Expired');
    const grants = removedGrants(story.state);
    const { state } = story.with({ type: 'ConfirmRemoval', grants });
    expect(state).toMatchObject({ status: 'Closed', closed: { reason: 'expired' } });
  });

  it('when it is an emergency that owes its review, then it closes once that is settled', () => {
    const policy = askingFor([{ role: 'security' }, { role: 'ciso', step: 2 }]);
    const emergency = given({ grants: GRANTS }, policy)
      .with(EMERGENCY)
      .with({ type: 'ApproveException', reason: REASON }, personOf('ciso'))
      .confirmed()
      .after(HOUR)
      .with({ type: 'RevokeException', reason: REASON });
    const gone = emergency.with({
      type: 'ConfirmRemoval',
      grants: removedGrants(emergency.state),
    });
    expect(gone.state).toMatchObject({ status: 'Expired', owed: { kind: 'break-glass' } });
    expect(gone.after(25 * HOUR).state).toMatchObject({ status: 'Closed' });
  });
});
