import { describe, expect, it } from 'vitest';
import {
  ALL_EVIDENCE,
  inChain,
  ONE_APPROVER,
  PERMANENCE,
  personOf,
  RENEWAL,
  REQUESTOR,
  START,
} from '../../../test/support/given.ts';
import { BUILT_IN_POLICY } from '../policy/built-in-policy.ts';
import { DAY, HOUR, nextMonthStart, parseInstant } from '../schedule/instant.ts';
import { nextDeadline } from './advance.ts';
import { draftRenewal } from './renewal.ts';

const FEBRUARY = START + 31 * DAY;
const LEADER = personOf('executive-leadership');
const DECIDE = { type: 'RequireRearchitecture', reason: 'it is rebuilt until June' } as const;
/** Activated on the second of January. */
const active = (number: number) =>
  inChain(number, {}, ONE_APPROVER).submitted().approved().after(DAY).confirmed();
const renewal = (story: ReturnType<typeof active>) => draftRenewal(story.state, RENEWAL, story.now);

describe('the first of a month', () => {
  it.each([
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
    ['2026-01-01T00:00:00.001Z', '2026-02-01T00:00:00Z'],
    ['2026-12-31T23:59:59.999Z', '2027-01-01T00:00:00Z'],
    ['2028-02-29T12:00:00Z', '2028-03-01T00:00:00Z'],
  ])('from %s on is %s', (from, first) => {
    expect(nextMonthStart(parseInstant(from) ?? 0)).toBe(parseInstant(first));
  });
});

describe('a decision is demanded', () => {
  it('on the first of the month after its activation, of more than three renewals', () => {
    const before = active(4).after(FEBRUARY - START - DAY - 1);
    expect(before.state).not.toHaveProperty('decision');
    expect(nextDeadline(before.state)).toBe(FEBRUARY);
    expect(before.after(1).state.decision).toEqual({
      due: FEBRUARY,
      decide_by: FEBRUARY + 30 * DAY,
    });
  });

  it('not of three, and not twice', () => {
    expect(active(3).after(60 * DAY).state).not.toHaveProperty('decision');
    const demanded = active(4)
      .after(80 * DAY)
      .told.filter(({ event }) => event.type === 'DecisionDemanded');
    expect(demanded).toHaveLength(1);
  });

  it('as of the first, however late it is seen', () => {
    expect(active(4).after(50 * DAY).state.decision?.due).toBe(FEBRUARY);
  });

  it('of one that is past its end and still open, and not of one that is over', () => {
    const short = inChain(4, { requested_duration: 'P10D' }, ONE_APPROVER);
    const inForce = short.submitted().approved().after(DAY).confirmed();
    const expired = inForce.after(20 * DAY);
    expect(expired.state.status).toBe('Expired');
    expect(expired.after(20 * DAY).state.decision).toBeDefined();
    const closed = expired.with({ type: 'CloseException', evidence: ALL_EVIDENCE });
    expect(closed.after(20 * DAY).state).not.toHaveProperty('decision');
  });

  it('at the policy’s number and within its time', () => {
    const chains = { ...BUILT_IN_POLICY.chains, decide_beyond: 1, decide_within: 'P7D' };
    const story = inChain(2, {}, { ...ONE_APPROVER, chains })
      .submitted()
      .approved()
      .after(DAY)
      .confirmed();
    expect(story.after(31 * DAY).state.decision?.decide_by).toBe(FEBRUARY + 7 * DAY);
  });
});

describe('while it is undecided', () => {
  const demanded = active(4).after(FEBRUARY - START - DAY);

  it('renewing goes on until the time is over, to the millisecond, and no further', () => {
    expect(renewal(demanded.after(30 * DAY - 1))).toMatchObject({ type: 'DraftRenewal' });
    expect(renewal(demanded.after(30 * DAY))).toMatchObject({
      code: 'not-ready',
      message: expect.stringMatching(/make-permanent, or require-rearchitecture by executive/),
    });
  });

  it('ending it does not help', () => {
    const over = demanded
      .after(31 * DAY)
      .with({ type: 'CloseException', evidence: ALL_EVIDENCE })
      .after(HOUR);
    expect(renewal(over)).toMatchObject({ code: 'not-ready' });
    expect(renewal(over.with(DECIDE, LEADER))).toMatchObject({ type: 'DraftRenewal' });
  });

  it('executive leadership decides on re-architecture, and renewing goes on', () => {
    const decided = demanded.after(40 * DAY).with(DECIDE, LEADER);
    expect(decided.state.decision?.rearchitecture).toMatchObject({
      by: { name: LEADER.name },
      reason: DECIDE.reason,
    });
    expect(renewal(decided)).toMatchObject({ type: 'DraftRenewal', renewal_number: 5 });
    expect(decided.refuses(DECIDE, LEADER)).toMatchObject({ code: 'already-exists' });
  });

  it('or it becomes permanent, and nothing is left to decide', () => {
    const permanent = demanded.with(PERMANENCE).changeApproved();
    expect(permanent.state).not.toHaveProperty('decision');
    expect(permanent.state).not.toHaveProperty('decision_due');
    expect(permanent.after(300 * DAY).state).not.toHaveProperty('decision');
  });

  it.each(['ciso', 'risk-committee', 'approver', 'administrator'] as const)(
    'a %s does not decide',
    (role) => {
      expect(demanded.refuses(DECIDE, personOf(role))).toMatchObject({ code: 'not-permitted' });
    },
  );

  it('nor does whoever wrote the request', () => {
    const writer = { ...REQUESTOR, role: 'executive-leadership' as const };
    expect(demanded.refuses(DECIDE, writer)).toMatchObject({ code: 'self-approval' });
  });

  it('and nobody before it is demanded', () => {
    expect(active(4).refuses(DECIDE, LEADER)).toMatchObject({
      code: 'not-ready',
      message: expect.stringContaining('2026-02-01'),
    });
    expect(active(1).refuses(DECIDE, LEADER).message).toContain('this is renewal 1');
  });
});
