import { describe, expect, it } from 'vitest';
import {
  APPROVER,
  alsoOwnedBy,
  inChain,
  inStatus,
  ONE_APPROVER,
  PERMANENCE,
  permanent,
  personOf,
  REASON,
  RENEWAL,
  REVIEW,
  START,
  Story,
} from '../../../test/support/given.ts';
import { BUILT_IN_POLICY } from '../policy/built-in-policy.ts';
import { DAY, parseInstant } from '../schedule/instant.ts';
import { isInForce } from './advance.ts';
import { draftRenewal } from './renewal.ts';

const YEAR = 365 * DAY;
const active = (number: number, policy = BUILT_IN_POLICY) =>
  inChain(number, {}, policy).submitted().approved().confirmed();

describe('an exception is made permanent', () => {
  it.each([0, 1, 2])('not after %i renewals (002: only after three)', (number) => {
    const story = number === 0 ? inStatus('Active') : active(number);
    expect(story.refuses(PERMANENCE)).toMatchObject({
      code: 'not-ready',
      message: expect.stringContaining(`so ${3 - number} more would pass`),
    });
  });

  it('when the policy says so, another number', () => {
    const chains = { ...BUILT_IN_POLICY.chains, permanent_after: 1 };
    expect(active(1, { ...BUILT_IN_POLICY, chains }).gives(PERMANENCE)).toHaveLength(1);
  });

  it('by the approvals of the rule `permanent`, and waits until all are there', () => {
    const { pending_change: pending, ...state } = active(3).with(PERMANENCE).state;
    expect(state.status).toBe('Active');
    expect(state).not.toHaveProperty('permanence');
    expect(pending).toMatchObject({ kind: 'permanence', expires_at: START + YEAR });
    const roles = pending?.requirements.map(({ role }) => role);
    expect(roles).toEqual(expect.arrayContaining(['ciso', 'executive-sponsor']));
    expect(pending?.documents).toEqual({
      business_case: PERMANENCE.business_case,
      memo: PERMANENCE.memo,
      documented_in: PERMANENCE.documented_in,
    });
  });

  it('with its next yearly review as its end, and reminders before it', () => {
    const { state } = permanent();
    expect(state).toMatchObject({
      status: 'Active',
      expires_at: START + YEAR,
      permanence: { granted_at: START, documented_in: PERMANENCE.documented_in },
    });
    expect(state.reminders).toEqual([30, 7, 1].map((days) => START + YEAR - days * DAY));
    expect(state).not.toHaveProperty('pending_change');
  });

  it.each([
    ['reminded', 61 * DAY],
    ['in force', 0],
  ])('while it is %s', (_, later) => {
    const made = active(3).after(later).with(PERMANENCE).changeApproved();
    expect(made.state).toMatchObject({ status: 'Active', expires_at: START + later + YEAR });
  });

  it('not twice, and not beside another change', () => {
    expect(permanent().refuses(PERMANENCE)).toMatchObject({ code: 'already-exists' });
    const waiting = active(3).with(PERMANENCE);
    expect(waiting.refuses({ ...PERMANENCE, change_id: 'chg_2' })).toMatchObject({
      code: 'change-pending',
      message: expect.stringContaining('a permanence already waits (chg_1)'),
    });
  });

  it('not while a renewal takes over from it', () => {
    const linked = active(3).with({
      type: 'LinkRenewal',
      renewal_id: 'EXC_2',
      takes_over_at: START + 90 * DAY,
    });
    expect(linked.refuses(PERMANENCE)).toMatchObject({
      code: 'already-exists',
      message: expect.stringContaining('EXC_2 renews this exception'),
    });
  });

  it('not where a document that the policy asks for is missing', () => {
    const story = inChain(3, { artifacts: [] }, ONE_APPROVER);
    const asked = { type: 'SubmitException' } as const;
    expect(story.refuses(asked)).toMatchObject({ code: 'incomplete-record' });
    const rule = {
      id: 'more',
      source: 'a test',
      match: { kind: ['permanent' as const] },
      effects: { artifacts: ['other' as const] },
    };
    const stricter = { ...BUILT_IN_POLICY, rules: [...BUILT_IN_POLICY.rules, rule] };
    expect(active(3, stricter).refuses(PERMANENCE)).toMatchObject({
      code: 'incomplete-record',
      errors: [{ path: 'artifacts', message: expect.stringContaining('rule more') }],
    });
  });

  it('or is left as it was where that is rejected', () => {
    const asked = active(3).with(PERMANENCE);
    const rejected = asked.with(
      { type: 'RejectException', reason: 'rebuild it within the year', change: 'permanence' },
      APPROVER,
    );
    const { updated_at: _, ...before } = active(3).state;
    expect(rejected.state).toMatchObject(before);
    expect(rejected.state).not.toHaveProperty('permanence');
  });
});

describe('a permanent exception', () => {
  it('is neither extended nor renewed while in force', () => {
    const story = permanent();
    const extension = {
      type: 'RequestExtension',
      change_id: 'chg_9',
      expires_at: '2027-02-01T00:00:00Z',
      reason: 'more',
      risk_review: 'same',
    } as const;
    expect(story.refuses(extension).message).toContain('yearly review');
    expect(draftRenewal(story.state, RENEWAL, story.now)).toMatchObject({
      code: 'wrong-state',
      message: expect.stringContaining('complete-review'),
    });
  });

  it('expires like any other when its review is missed, and can be renewed then', () => {
    const missed = permanent().after(YEAR);
    expect(missed.state).toMatchObject({ status: 'Expired', ended: { reason: 'expired' } });
    expect(isInForce(missed.state, missed.now)).toBe(false);
    expect(missed.refuses(REVIEW)).toMatchObject({ code: 'wrong-state' });
    expect(draftRenewal(missed.state, RENEWAL, missed.now)).toMatchObject({ renewal_number: 4 });
  });

  it('expires when its review was asked for and not approved in time', () => {
    const late = permanent()
      .after(YEAR - DAY)
      .with(REVIEW)
      .after(DAY);
    expect(late.state.status).toBe('Expired');
    expect(late.state).not.toHaveProperty('pending_change');
  });

  it('is revoked as any other', () => {
    const revoked = permanent().with({
      type: 'RevokeException',
      reason: 'another vendor took over',
    });
    expect(revoked.state.closed?.reason).toBe('revoked');
  });
});

describe('its yearly review', () => {
  it('can be completed once it is near, and not before', () => {
    const early = permanent().after(YEAR - 30 * DAY - 1);
    expect(early.refuses(REVIEW)).toMatchObject({
      code: 'not-ready',
      message: expect.stringContaining('can be completed from 2026-12-02T00:00:00.000Z on'),
    });
    expect(early.after(1).gives(REVIEW)).toHaveLength(1);
    expect(inStatus('Active').refuses(REVIEW)).toMatchObject({ code: 'wrong-state' });
  });

  it('moves its end on by a year once all have approved, again and again', () => {
    let story: Story = permanent();
    for (let year = 1; year <= 3; year += 1) {
      const end = story.state.expires_at ?? 0;
      const near = story.after(end - story.now - 20 * DAY);
      expect(near.state.status).toBe('Expiring');
      const asked = near.with(REVIEW);
      expect(asked.state.expires_at).toBe(end);
      story = asked.changeApproved();
      expect(story.state).toMatchObject({
        status: 'Active',
        permanence: { reviewed_at: story.now, risk_review: REVIEW.risk_review },
      });
      expect(story.state.expires_at).toBe(parseInstant(`${2027 + year}-01-01T00:00:00Z`));
    }
  });

  it('needs nobody else where the policy asks for nobody', () => {
    const policy = {
      ...ONE_APPROVER,
      rules: ONE_APPROVER.rules.filter(({ id }) => id !== 'approval'),
    };
    const { now, state } = permanent().after(YEAR - DAY);
    const reviewed = new Story(now, policy, [], state).with(REVIEW);
    expect(reviewed.state).toMatchObject({ status: 'Active' });
    expect(reviewed.state).not.toHaveProperty('pending_change');
  });

  it('is not approved by whoever asked for it', () => {
    const asked = permanent(alsoOwnedBy(personOf('ciso')), ONE_APPROVER)
      .after(YEAR - DAY)
      .with(REVIEW, personOf('ciso'));
    const approve = { type: 'ApproveException', reason: REASON, change: 'review' } as const;
    expect(asked.refuses(approve, { ...personOf('ciso'), role: 'approver' })).toMatchObject({
      code: 'self-approval',
    });
    expect(asked.with(approve, APPROVER).state.status).toBe('Active');
  });
});
