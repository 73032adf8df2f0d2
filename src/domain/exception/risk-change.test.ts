import { describe, expect, it } from 'vitest';
import {
  ALL_EVIDENCE,
  APPROVER,
  askingFor,
  EMERGENCY,
  extension,
  given,
  inStatus,
  permanent,
  personOf,
  REASSESSMENT,
  RENEWAL,
  REQUESTOR,
  REVIEW,
  SECOND_APPROVER,
  START,
  Story,
} from '../../../test/support/given.ts';
import { DAY, formatInstant } from '../schedule/instant.ts';
import { isInForce, nextDeadline } from './advance.ts';
import { awaitedRoles } from './awaited-approvals.ts';
import { stateAt } from './catch-up.ts';
import { draftRenewal } from './renewal.ts';
import type { RiskFacts } from './risk-facts.ts';

/** Security always, and the CISO for a high severity. */
const BASE = askingFor([{ role: 'security' }]);
const POLICY = {
  ...BASE,
  rules: [
    ...BASE.rules,
    {
      id: 'high',
      source: 'a test',
      match: { severity: ['High' as const] },
      effects: { approvals: [{ role: 'ciso' as const }] },
    },
    {
      id: 'personal',
      source: 'a test',
      match: { data_classification: ['confidential' as const] },
      effects: { approvals: [{ role: 'dpo' as const }] },
    },
    {
      id: 'consumers',
      source: 'a test',
      match: { change_class: ['breaking' as const] },
      effects: { approvals: [{ role: 'consumer' as const }], fields: ['consumers' as const] },
    },
  ],
};
const askingDpo = { approvals: [{ role: 'dpo' as const }] };
const LOW = { likelihood: 'Low', impact: 'Medium' } as const;
const active = () => inStatus('Active', LOW, POLICY).after(DAY);
const saying = (facts: RiskFacts) => ({ ...REASSESSMENT, facts });
const raised = () => active().with(REASSESSMENT, APPROVER);
const approval = {
  type: 'ApproveException',
  reason: 'the risk is contained',
  change: 'risk-change',
} as const;

describe('a risk that has risen', () => {
  it('owes the approvals that the record needs as it now is, within seven days', () => {
    const { state } = raised();
    expect(state).toMatchObject({
      status: 'Active',
      fields: { impact: 'Critical', risk_review: REASSESSMENT.risk_review },
      expires_at: START + 8 * DAY,
      owed: {
        change_id: 'chg_3',
        kind: 'risk-change',
        by: START + 8 * DAY,
        expires_at: START + 90 * DAY,
        reason: 'the key was found in a log',
        approvals: [],
        requested_by: { id: APPROVER.id },
      },
    });
    expect(awaitedRoles(state)).toEqual(['security']);
    const high = active().with(saying({ likelihood: 'High', impact: 'Critical' }));
    expect(awaitedRoles(high.state)).toEqual(['security', 'ciso']);
  });

  it.each<[string, RiskFacts, string]>([
    ['a fact that asks for somebody else', { data_classification: 'confidential' }, 'dpo'],
    [
      'a consumer who has not signed off',
      { change_class: 'breaking', consumers: ['billing'] },
      'consumer',
    ],
  ])('may be %s', (_, facts, role) => {
    expect(awaitedRoles(active().with(saying(facts)).state)).toContain(role);
  });

  it('has risen too where the capped score stays: from High to Critical', () => {
    const most = { likelihood: 'High', impact: 'High' } as const;
    const story = inStatus('Active', most, POLICY).after(DAY);
    const { state } = story.with(saying({ likelihood: 'High', impact: 'Critical' }));
    expect(state.owed).toMatchObject({ kind: 'risk-change', by: START + 8 * DAY });
  });

  it('goes on to its own end once everybody has approved', () => {
    const settled = raised().after(DAY).changeApproved();
    expect(settled.state).toMatchObject({ status: 'Active', expires_at: START + 90 * DAY });
    expect(settled.state.owed).toBeUndefined();
    expect(settled.after(58 * DAY).state.status).toBe('Expiring');
    expect(settled.after(88 * DAY).state).toMatchObject({ ended: { at: START + 90 * DAY } });
  });

  it('ends it where nobody decides in time, however late that is seen', () => {
    const { state } = raised();
    const due = START + 8 * DAY;
    expect(nextDeadline(state)).toBe(due);
    expect(isInForce(state, due - 1)).toBe(true);
    expect(isInForce(state, due)).toBe(false);
    for (const late of [0, 70 * DAY, 200 * DAY]) {
      expect(stateAt(state, due + late, POLICY)).toMatchObject({
        status: 'Expired',
        expires_at: due,
        ended: {
          at: due,
          reason: 'expired',
          note: 'the risk-change review that was owed by 2026-01-09T00:00:00.000Z was not given',
        },
      });
    }
  });

  it('ends it at once where somebody says no', () => {
    const no = {
      type: 'RejectException',
      reason: 'too much for what it brings',
      change: 'chg_3',
    } as const;
    const { state } = raised().after(DAY).with(no, personOf('security'));
    expect(state).toMatchObject({
      status: 'Expired',
      expires_at: START + 2 * DAY,
      ended: { at: START + 2 * DAY, reason: 'revoked', note: 'too much for what it brings' },
    });
    expect(state.owed).toBeUndefined();
  });

  it('does not outlive the end that the record has anyway', () => {
    const late = inStatus('Active', LOW, POLICY).after(85 * DAY);
    expect(late.state.status).toBe('Expiring');
    const { state } = late.with(REASSESSMENT, APPROVER);
    expect(state).toMatchObject({ expires_at: START + 90 * DAY, owed: { by: START + 92 * DAY } });
    const over = stateAt(state, START + 100 * DAY, POLICY);
    expect(over).toMatchObject({ status: 'Expired', ended: { reason: 'expired' } });
    expect(over.owed).toBeUndefined();
    expect(over.ended?.note).toBeUndefined();
  });

  it('voids what was approved of a change that waits', () => {
    const waiting = active().with(extension(START + 100 * DAY));
    const story = waiting.with(REASSESSMENT, APPROVER);
    expect(story.state.pending_change).toBeUndefined();
    expect(story.state.owed).toMatchObject({ kind: 'risk-change' });
  });

  it('can be closed and revoked, and then nothing is owed', () => {
    const closed = raised().with({ type: 'CloseException', evidence: ALL_EVIDENCE });
    expect(closed.state.status).toBe('Closed');
    expect(closed.state.owed).toBeUndefined();
    const revoked = raised().with({
      type: 'RevokeException',
      reason: 'it is no longer safe to keep',
    });
    expect(revoked.state).toMatchObject({ closed: { reason: 'revoked' } });
  });
});

describe('a risk that has not risen', () => {
  it.each<[string, RiskFacts]>([
    ['is lower', { impact: 'Low' }],
    ['says the same in another way', { stride: 'E' }],
    ['needs fewer approvals', { data_classification: 'public' }],
  ])('%s: it is recorded, and nothing is owed', (_, facts) => {
    const { state } = active().with(saying(facts));
    expect(state).toMatchObject({ fields: facts, expires_at: START + 90 * DAY });
    expect(state.owed).toBeUndefined();
  });

  it('owes nothing for what a newer policy asks of every record', () => {
    const { now, told, state } = active();
    const newer = { id: 'newer', source: 'a test', match: {}, effects: askingDpo };
    const stricter = { ...POLICY, rules: [...POLICY.rules, newer] };
    const later = new Story(now, stricter, told, state);
    expect(later.with(saying({ impact: 'Low' })).state.owed).toBeUndefined();
    expect(awaitedRoles(later.with(REASSESSMENT).state)).toEqual(['security', 'dpo']);
  });
});

describe('a risk that has changed again while a review is owed', () => {
  it('asks everybody anew, and gives no more time', () => {
    const story = raised()
      .after(DAY)
      .with({ ...saying({ likelihood: 'High' }), change_id: 'chg_4' }, APPROVER);
    expect(story.state).toMatchObject({
      expires_at: START + 8 * DAY,
      owed: { change_id: 'chg_4', by: START + 8 * DAY, expires_at: START + 90 * DAY },
    });
    expect(story.changeApproved().state.expires_at).toBe(START + 90 * DAY);
  });

  it('names those whose approvals are void', () => {
    const once = active()
      .with(saying({ likelihood: 'High' }), APPROVER)
      .with(approval, personOf('security'));
    const events = once.gives(saying({ impact: 'Critical' }), APPROVER);
    expect(events[1]).toMatchObject({ data: { voided_approvals: ['The security'] } });
  });

  it('keeps the review where the risk is lower after all', () => {
    const story = raised().with({ ...saying({ impact: 'Low' }), change_id: 'chg_4' });
    expect(story.state).toMatchObject({ fields: { impact: 'Low' }, owed: { change_id: 'chg_3' } });
  });

  it('leaves an emergency its own review and time', () => {
    const policy = askingFor([{ role: 'security' }, { role: 'ciso' }]);
    const story = given({ ...LOW, services: ['webhook'] }, policy)
      .with(EMERGENCY)
      .with({ type: 'ApproveException', reason: 'the outage must be mended' }, personOf('ciso'))
      .confirmed()
      .with(REASSESSMENT, APPROVER);
    expect(story.state).toMatchObject({
      expires_at: START + DAY,
      owed: { kind: 'break-glass', by: START + DAY, change_id: 'chg_3', approvals: [] },
    });
    expect(awaitedRoles(story.state)).toEqual(['security', 'ciso']);
    expect(story.after(DAY).state).toMatchObject({ ended: { reason: 'revoked' } });
  });
});

describe('what is refused', () => {
  it('nothing new', () => {
    const same = active().refuses(saying({ impact: 'Medium' }));
    expect(same).toMatchObject({ code: 'invalid-request' });
    expect(same.message).toContain('likelihood, impact');
    expect(active().refuses(saying({}))).toMatchObject({ code: 'invalid-request' });
  });

  it('a breaking change that names no consumer to ask', () => {
    expect(active().refuses(saying({ change_class: 'breaking' }))).toMatchObject({
      code: 'incomplete-record',
      errors: [{ path: 'consumers' }],
    });
  });

  it('an approval by whoever asked for the exception, or has recorded the risk', () => {
    const asSecurity = { ...REQUESTOR, role: 'security' } as const;
    expect(raised().refuses(approval, asSecurity)).toMatchObject({ code: 'self-approval' });
    const recorded = active().with(REASSESSMENT, personOf('security'));
    expect(recorded.refuses(approval, personOf('security'))).toMatchObject({
      code: 'self-approval',
    });
  });

  it('an approval twice, in another role, or of another change', () => {
    const high = active().with(saying({ likelihood: 'High', impact: 'Critical' }), APPROVER);
    const once = high.with(approval, personOf('security'));
    expect(once.refuses(approval, personOf('security'))).toMatchObject({
      code: 'already-approved',
    });
    expect(once.refuses(approval, personOf('dpo'))).toMatchObject({ code: 'not-permitted' });
    const other = { ...approval, change: 'extension' };
    expect(once.refuses(other, personOf('ciso'))).toMatchObject({ code: 'no-such-change' });
    const unnamed = { type: 'ApproveException', reason: 'fine as far as I can see' } as const;
    expect(once.refuses(unnamed, personOf('ciso'))).toMatchObject({ code: 'invalid-request' });
    expect(once.with(approval, personOf('ciso')).state.owed).toBeUndefined();
  });

  it('an approval after the time', () => {
    const late = raised().after(8 * DAY);
    expect(late.refuses(approval, personOf('security'))).toMatchObject({
      code: 'no-such-change',
    });
  });

  it('another change meanwhile', () => {
    expect(raised().refuses(extension(START + 100 * DAY))).toMatchObject({
      code: 'change-pending',
    });
    const review = permanent({}, POLICY)
      .after(340 * DAY)
      .with(saying({ likelihood: 'High', impact: 'Critical' }), SECOND_APPROVER);
    expect(review.refuses(REVIEW)).toMatchObject({ code: 'change-pending' });
  });
});

it('a renewal starts at the end that the record has once it is settled', () => {
  const { state, now } = raised();
  expect(draftRenewal(state, RENEWAL, now)).toMatchObject({
    fields: { effective_from: formatInstant(START + 90 * DAY) },
  });
});

it('a renewal that is ready takes over where the review is missed', () => {
  const linked = raised().with({
    type: 'LinkRenewal',
    renewal_id: 'EXC_2',
    takes_over_at: START + 2 * DAY,
  });
  expect(linked.after(8 * DAY).state).toMatchObject({ closed: { reason: 'renewed' } });
});
