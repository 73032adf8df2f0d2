import { describe, expect, it } from 'vitest';
import {
  ALL_EVIDENCE,
  APPROVER,
  askingFor,
  COMPLETE,
  EMERGENCY,
  extension,
  GRANTS,
  given,
  inChain,
  PERMANENCE,
  personOf,
  REASON,
  RENEWAL,
  REQUESTOR,
  START,
  type Story,
} from '../../../test/support/given.ts';
import { BUILT_IN_POLICY } from '../policy/built-in-policy.ts';
import { readPack } from '../policy/read-pack.ts';
import { DAY, formatInstant, HOUR } from '../schedule/instant.ts';
import { isInForce, nextDeadline } from './advance.ts';
import { awaitedRoles } from './awaited-approvals.ts';
import { stateAt } from './catch-up.ts';
import { heldPlaces } from './lineage.ts';
import { draftRenewal } from './renewal.ts';

const POLICY = askingFor([{ role: 'security' }, { role: 'ciso', step: 2 }]);
const SUBJECT = { services: ['webhook'] };
const emergency = (fields = {}, policy = POLICY) =>
  given({ ...SUBJECT, ...fields }, policy).with(EMERGENCY);
const approval = { type: 'ApproveException', reason: 'the outage is worse than that' } as const;
const review = { ...approval, change: 'break-glass' } as const;
/** In force under the approval of the CISO alone. */
const inForce = (fields = {}, policy = POLICY) =>
  emergency(fields, policy).with(approval, personOf('ciso')).confirmed();
const noRecord = { adr_id: undefined };

describe('a break-glass', () => {
  it('is in force under one approver of any step, for a day', () => {
    const story = inForce();
    expect(story.state).toMatchObject({
      status: 'Active',
      effective_from: START,
      expires_at: START + DAY,
      owed: { kind: 'break-glass', by: START + DAY, reason: 'orders are lost every minute' },
    });
    expect(isInForce(story.state, START)).toBe(true);
  });

  it('waits for everybody at once, and then for all the others', () => {
    expect(awaitedRoles(emergency().state)).toEqual(['security', 'ciso']);
    expect(awaitedRoles(inForce().state)).toEqual(['security']);
  });

  it('lasts as long as was asked for, within its day', () => {
    expect(inForce({ requested_duration: 'PT4H' }).state.expires_at).toBe(START + 4 * HOUR);
    expect(inForce({ requested_duration: 'PT24H' }).state.expires_at).toBe(START + DAY);
  });

  it("is nobody's who asked for it", () => {
    expect(emergency().refuses(approval, REQUESTOR)).toMatchObject({ code: 'self-approval' });
    const asCiso = { ...REQUESTOR, role: 'ciso' } as const;
    expect(emergency().refuses(approval, asCiso)).toMatchObject({ code: 'self-approval' });
    expect(inForce().refuses(review, asCiso)).toMatchObject({ code: 'self-approval' });
  });

  it('is approved by none whose role is not asked for', () => {
    const refusal = emergency().refuses(approval, personOf('dpo'));
    expect(refusal).toMatchObject({ code: 'not-permitted' });
    expect(refusal.message).toContain('it needs security, ciso');
  });

  it('lapses where nobody approves it within its day', () => {
    expect(emergency().after(DAY - 1).state.status).toBe('Under-Review');
    expect(emergency().after(DAY).state).toMatchObject({ closed: { reason: 'lapsed' } });
  });

  it('owes nothing where its one approver is all that is needed, and the record is there', () => {
    const one = askingFor([{ role: 'ciso' }]);
    expect(inForce({}, one).state.owed).toBeUndefined();
    expect(inForce(noRecord, one).state.owed).toMatchObject({ by: START + DAY });
  });
});

describe('the review of a break-glass', () => {
  it('settles it with the last approval, and its end stays within its day', () => {
    const story = inForce().after(HOUR).with(review, personOf('security'));
    expect(story.state.owed).toBeUndefined();
    expect(story.state.approvals.map(({ role }) => role)).toEqual(['ciso', 'security']);
    expect(story.after(DAY - HOUR - 1).state.status).toBe('Active');
    expect(story.after(DAY - HOUR).state).toMatchObject({
      status: 'Expired',
      ended: { at: START + DAY, reason: 'expired' },
    });
  });

  it('waits for the decision record too, whichever comes first', () => {
    const approved = inForce(noRecord).with(review, personOf('security'));
    expect(approved.state.owed).toMatchObject({ kind: 'break-glass' });
    const record = { type: 'EditException', changes: { adr_id: 'ADR-0300' } } as const;
    expect(approved.with(record).state.owed).toBeUndefined();
    const recorded = inForce(noRecord).with(record);
    expect(recorded.state.owed).toMatchObject({ kind: 'break-glass' });
    expect(recorded.with(review, personOf('security')).state.owed).toBeUndefined();
  });

  it('does not take away again what it has waited for', () => {
    const settled = inForce(noRecord)
      .with({ type: 'EditException', changes: { adr_id: 'ADR-0300' } })
      .with(review, personOf('security'));
    const taken = { type: 'EditException', changes: { adr_id: null } } as const;
    expect(settled.refuses(taken)).toMatchObject({ code: 'incomplete-record' });
  });

  it.each([
    ['an approval is lacking', inForce()],
    ['the record is lacking', inForce(noRecord).with(review, personOf('security'))],
  ])('revokes it where %s, from the very instant and however late that is seen', (_, story) => {
    const due = START + DAY;
    expect(nextDeadline(story.state)).toBe(due);
    expect(isInForce(stateAt(story.state, due - 1, POLICY), due - 1)).toBe(true);
    expect(isInForce(story.state, due)).toBe(false);
    for (const late of [0, 1, 40 * DAY]) {
      const state = stateAt(story.state, due + late, POLICY);
      expect(state).toMatchObject({
        status: 'Expired',
        expires_at: due,
        ended: {
          at: due,
          reason: 'revoked',
          note: 'the break-glass review that was owed by 2026-01-02T00:00:00.000Z was not given',
        },
      });
      expect(state.owed).toBeUndefined();
      expect(awaitedRoles(state)).toEqual([]);
    }
  });

  it('is due before its end where the pack gives less time', () => {
    const strict = { ...POLICY, break_glass: { ...POLICY.break_glass, review_within: 'PT2H' } };
    const story = inForce({}, strict);
    expect(story.state).toMatchObject({ expires_at: START + 2 * HOUR });
    expect(story.after(2 * HOUR).state).toMatchObject({
      status: 'Expired',
      ended: { at: START + 2 * HOUR, reason: 'revoked' },
    });
    const settled = story.after(HOUR).with(review, personOf('security'));
    expect(settled.state).toMatchObject({ expires_at: START + DAY });
    expect(settled.after(22 * HOUR).state.status).toBe('Active');
  });

  it('ends it at once where it goes against it', () => {
    const rejected = inForce().after(HOUR);
    const no = {
      type: 'RejectException',
      reason: 'it could have waited',
      change: 'break-glass',
    } as const;
    expect(rejected.with(no, personOf('security')).state).toMatchObject({
      status: 'Expired',
      ended: { at: START + HOUR, reason: 'revoked', note: 'it could have waited' },
    });
    const before = emergency().with(approval, personOf('ciso'));
    expect(before.with(no, personOf('security')).state).toMatchObject({
      closed: { reason: 'rejected' },
    });
  });
});

describe('a break-glass that is over before its review', () => {
  const over = () => inForce({ requested_duration: 'PT4H' }).after(5 * HOUR);

  it('still owes it', () => {
    expect(over().state).toMatchObject({ status: 'Expired', ended: { reason: 'expired' } });
    expect(awaitedRoles(over().state)).toEqual(['security']);
    const settled = over().with(review, personOf('security')).state;
    expect(settled).toMatchObject({ status: 'Expired', expires_at: START + 4 * HOUR });
    expect(settled.owed).toBeUndefined();
    expect(settled.ended).toMatchObject({ reason: 'expired' });
  });

  it('counts as revoked once that is missed or goes against it', () => {
    const missed = over().after(DAY).state;
    expect(missed).toMatchObject({ ended: { at: START + 4 * HOUR, reason: 'revoked' } });
    expect(nextDeadline(missed)).toBeUndefined();
    const no = {
      type: 'RejectException',
      reason: 'it could have waited',
      change: 'break-glass',
    } as const;
    expect(over().with(no, personOf('security')).state).toMatchObject({
      status: 'Expired',
      expires_at: START + 4 * HOUR,
      ended: { at: START + 4 * HOUR, reason: 'revoked', note: 'it could have waited' },
    });
  });

  it('is not closed without it', () => {
    const closing = { type: 'CloseException', evidence: ALL_EVIDENCE } as const;
    expect(over().refuses(closing)).toMatchObject({ code: 'not-ready' });
    const early = inForce().with(closing);
    expect(early.state).toMatchObject({ status: 'Expired', ended: { reason: 'remediated' } });
    expect(early.refuses(closing).message).toContain('its review is owed until 2026-01-02T00:00');
    const reviewed = early.with(review, personOf('security')).with(closing);
    expect(reviewed.state).toMatchObject({ closed: { reason: 'remediated' } });
    const revoked = inForce().with({
      type: 'RevokeException',
      reason: 'the outage is over by now',
    });
    expect(revoked.state).toMatchObject({ status: 'Expired', owed: { kind: 'break-glass' } });
    expect(revoked.after(DAY).with(closing).state).toMatchObject({ closed: { reason: 'revoked' } });
  });
});

describe('what is refused of a break-glass', () => {
  const draft = (fields = {}, policy = POLICY) => given({ ...SUBJECT, ...fields }, policy);

  it.each([
    [{ requested_duration: 'PT25H' }, 'requested_duration'],
    [{ expires_at: formatInstant(START + DAY + 1) }, 'expires_at'],
  ])('an end after its day: %j', (fields, path) => {
    const refusal = draft(fields).refuses(EMERGENCY);
    expect(refusal).toMatchObject({ code: 'end-refused', errors: [{ path }] });
    expect(refusal.message).toContain('at most PT24H from approval (rule break_glass;');
  });

  it('an end that has moved out of its day by the time of the approval', () => {
    const late = draft({ expires_at: formatInstant(START + DAY) }).with(EMERGENCY);
    expect(late.after(HOUR).with(approval, personOf('ciso')).state.expires_at).toBe(START + DAY);
  });

  it('a start that can wait', () => {
    const later = draft({ effective_from: formatInstant(START + HOUR) });
    expect(later.refuses(EMERGENCY)).toMatchObject({
      code: 'end-refused',
      errors: [{ path: 'effective_from' }],
    });
  });

  it('anything that is lacking but the decision record', () => {
    expect(draft({ ...noRecord, owners: undefined }).refuses(EMERGENCY)).toMatchObject({
      code: 'incomplete-record',
      errors: [{ path: 'owners' }],
    });
  });

  it('a record that names nothing that could be recognised', () => {
    expect(given({}, POLICY).refuses(EMERGENCY)).toMatchObject({
      code: 'incomplete-record',
      errors: [{ path: 'scope' }],
    });
  });

  it('a renewal, since it is planned', () => {
    expect(inChain(1, SUBJECT, POLICY).refuses(EMERGENCY)).toMatchObject({ code: 'wrong-state' });
  });

  it('all of it, by a pack that allows none', () => {
    const none = { ...POLICY, break_glass: { ...POLICY.break_glass, allowed: false } };
    expect(draft({}, none).refuses(EMERGENCY)).toMatchObject({ code: 'not-permitted' });
  });

  it('a longer end by an edit before it is approved', () => {
    const edit = { type: 'EditException', changes: { requested_duration: 'P2D' } } as const;
    expect(emergency().refuses(edit)).toMatchObject({ code: 'end-refused' });
  });

  it('an extension, a renewal and permanence; it says what to do instead', () => {
    const story = inForce();
    const renewal = draftRenewal(story.state, RENEWAL, story.now);
    for (const refusal of [
      story.refuses(extension(START + 2 * DAY)),
      story.refuses(PERMANENCE),
      renewal,
    ]) {
      expect(refusal).toMatchObject({ code: 'wrong-state' });
      expect((refusal as Error).message).toContain('draft an ordinary request for the same');
    }
  });
});

describe('a second break-glass', () => {
  const closed = () =>
    inForce()
      .with(review, personOf('security'))
      .with({ type: 'CloseException', evidence: ALL_EVIDENCE });

  it('finds the place taken until the first is archived, and no chain begun', () => {
    const [place] = heldPlaces(inForce().state);
    expect(place).toMatch(/^[0-9a-f]{64}\/-emergency$/);
    const ordinary = heldPlaces(given(SUBJECT, POLICY).submitted().state);
    expect(ordinary).toEqual([place?.replace('-emergency', '000000')]);
    expect(heldPlaces(closed().state)).toEqual([place]);
    expect(heldPlaces(closed().after(30 * DAY).state)).toEqual([]);
  });

  it('cannot be made way for by archiving early', () => {
    const refusal = closed().refuses({ type: 'ArchiveException' });
    expect(refusal).toMatchObject({ code: 'not-ready' });
    expect(refusal.message).toContain('2026-01-31');
  });

  it('may follow one that was never in force', () => {
    const withdrawn = emergency().with({ type: 'WithdrawException', reason: REASON });
    expect(heldPlaces(withdrawn.state)).toEqual([]);
    expect(withdrawn.gives({ type: 'ArchiveException' })).toHaveLength(1);
  });
});

describe('an edit of what is asked for in an emergency', () => {
  const edit = { type: 'EditException', changes: { category: 'network' } } as const;

  it.each<[string, () => Story]>([
    ['before', () => emergency(noRecord)],
    ['after', () => emergency(noRecord).with(approval, personOf('ciso'))],
  ])('%s its approval leaves it an emergency that needs one anew', (_, story) => {
    const { state } = story().with(edit);
    expect(state).toMatchObject({
      status: 'Under-Review',
      approvals: [],
      request: { break_glass: { reason: 'orders are lost every minute' } },
    });
    expect(state.owed).toBeUndefined();
  });
});

it('the built-in policy asks for the approvals that it asks of every request', () => {
  const story = given({ ...COMPLETE, grants: GRANTS }, BUILT_IN_POLICY)
    .with(EMERGENCY)
    .with(approval, APPROVER)
    .confirmed();
  expect(story.state.owed?.requirements.map(({ role }) => role)).toEqual([
    'security',
    'domain-owner',
    'ciso',
  ]);
  expect(story.changeApproved().state.owed).toBeUndefined();
});

describe('a policy pack', () => {
  const reading = (break_glass: unknown, risk_change: unknown = {}) =>
    readPack({ ...BUILT_IN_POLICY, break_glass, risk_change });

  it('of before there were owed reviews has the times of the built-in one', () => {
    const { break_glass, risk_change, ...older } = BUILT_IN_POLICY;
    expect(readPack(older)).toEqual({ policy: { ...older, break_glass, risk_change } });
    expect(readPack({ ...older, break_glass: { allowed: false } })).toMatchObject({
      policy: { break_glass: { ...break_glass, allowed: false } },
    });
  });

  it.each([
    [{ max_duration: 'PT25H' }, 'must be at most a day'],
    [{ review_within: 'P2D' }, 'must be at most a day'],
    [{ max_duration: 'PT0S' }, 'must be an ISO 8601 duration'],
    [{ allowed: 'no' }, 'allowed'],
    [{ for_ever: true }, 'for_ever'],
  ])('cannot make an emergency more than one: %j', (break_glass, message) => {
    expect(JSON.stringify(reading(break_glass))).toContain(message);
  });

  it('cannot let a raised risk wait for more than a year', () => {
    expect(JSON.stringify(reading({}, { review_within: 'P2Y' }))).toContain('at most a year');
  });
});
