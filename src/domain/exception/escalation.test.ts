import { describe, expect, it } from 'vitest';
import {
  APPROVER,
  askingFor,
  given,
  inStatus,
  ONE_APPROVER,
  personOf,
  REASON,
  REQUESTOR,
  SECOND_APPROVER,
  START,
  type Story,
} from '../../../test/support/given.ts';
import type { Policy } from '../policy/policy.ts';
import { DAY, HOUR } from '../schedule/instant.ts';
import { nextDeadline, nextDue } from './advance.ts';
import { awaitedSince, nextEscalation } from './escalation.ts';

const APPROVE = { type: 'ApproveException', reason: REASON } as const;
const told = ({ state }: Story) =>
  (state.request?.escalations ?? []).map(({ to, due }) => [to, (due - START) / DAY]);
const requested = (policy: Policy = ONE_APPROVER) => given({}, policy).submitted();
const escalating = (after: string | null, to = ['platform-lead', 'ciso']): Policy => ({
  ...ONE_APPROVER,
  escalation: { after, to: to as Policy['escalation']['to'] },
});

describe('a request that nobody decides', () => {
  it('is escalated after three days, to the millisecond, and again after three more', () => {
    const request = requested();
    expect(nextDue(request.state)).toBe(START + 3 * DAY);
    expect(told(request.after(3 * DAY - 1))).toEqual([]);
    expect(told(request.after(3 * DAY))).toEqual([['platform-lead', 3]]);
    expect(told(request.after(6 * DAY))).toEqual([
      ['platform-lead', 3],
      ['ciso', 6],
    ]);
  });

  it('is escalated to each role once, and then no more', () => {
    const late = requested().after(29 * DAY);
    expect(told(late)).toHaveLength(2);
    expect(nextEscalation(late.state)).toBeUndefined();
    expect(nextDue(late.state)).toBe(nextDeadline(late.state));
  });

  it('is caught up with after downtime, as of when it was due, and lapses all the same', () => {
    const late = requested().after(40 * DAY);
    expect(late.told.map(({ event }) => event.type).slice(-3)).toEqual([
      'ApprovalEscalated',
      'ApprovalEscalated',
      'ExceptionClosed',
    ]);
    expect(told(late)).toEqual([
      ['platform-lead', 3],
      ['ciso', 6],
    ]);
  });

  it('stays as it is: its status, when it lapses, and who may approve', () => {
    const before = requested();
    const { state } = before.after(4 * DAY);
    expect(state).toMatchObject({ status: 'Under-Review', approvals: [] });
    expect(nextDeadline(state)).toBe(nextDeadline(before.state));
    expect(before.after(4 * DAY).refuses(APPROVE, personOf('platform-lead'))).toMatchObject({
      code: 'not-permitted',
    });
    expect(before.after(4 * DAY).refuses(APPROVE, REQUESTOR).code).toBe('self-approval');
    expect(before.after(4 * DAY).with(APPROVE, APPROVER).state.status).toBe('Approved');
  });

  it('is escalated by the terms that it was asked under', () => {
    const sooner = requested(escalating('PT1H', ['security']));
    expect(told(sooner.after(HOUR))).toEqual([['security', 1 / 24]]);
    expect(sooner.state.request?.escalation).toEqual({ after: 'PT1H', to: ['security'] });
  });

  it('is never escalated where the pack says so', () => {
    const never = requested(escalating(null));
    expect(never.state.request).not.toHaveProperty('escalation');
    expect(told(never.after(29 * DAY))).toEqual([]);
  });

  it('waits anew when it is sent back and submitted again, or edited', () => {
    const back = requested()
      .after(4 * DAY)
      .with({ type: 'RequestChanges', reason: REASON }, APPROVER);
    expect(nextDue(back.state)).toBeUndefined();
    expect(awaitedSince(back.state)).toBeUndefined();
    const again = back.after(DAY).submitted();
    expect([told(again), nextEscalation(again.state)]).toEqual([[], START + 8 * DAY]);
    const changes = { title: 'another title', impact: 'Low' } as const;
    const edited = requested()
      .after(4 * DAY)
      .with({ type: 'EditException', changes });
    expect(nextEscalation(edited.state)).toBe(START + 7 * DAY);
  });
});

describe('approvals that have come', () => {
  it('of the same step excuse nobody: the others have been waited for as long', () => {
    const one = requested(askingFor([{ role: 'approver', count: 2 }]))
      .after(2 * DAY)
      .with(APPROVE, APPROVER);
    expect(told(one.after(DAY))).toEqual([['platform-lead', 3]]);
    const both = one.after(DAY).with(APPROVE, SECOND_APPROVER);
    expect(nextEscalation(both.state)).toBeUndefined();
  });

  it('of a step let the next one wait from then on, and be escalated anew', () => {
    const steps = askingFor([
      { role: 'approver', step: 1 },
      { role: 'security', step: 2 },
    ]);
    const first = requested(steps)
      .after(4 * DAY)
      .with(APPROVE, APPROVER);
    expect(awaitedSince(first.state)).toBe(START + 4 * DAY);
    expect(told(first.after(3 * DAY))).toEqual([
      ['platform-lead', 3],
      ['platform-lead', 7],
    ]);
    expect(told(first.after(6 * DAY)).at(-1)).toEqual(['ciso', 10]);
  });
});

describe('a change that nobody decides', () => {
  const pending = inStatus('Active', {}, ONE_APPROVER)
    .after(DAY)
    .extensionTo(START + 100 * DAY);

  it('is escalated like a request, and names itself', () => {
    const late = pending.after(3 * DAY);
    expect(late.told.at(-1)?.event).toMatchObject({
      type: 'ApprovalEscalated',
      data: { change_id: 'chg_1', to: 'platform-lead', roles: ['approver'] },
    });
    expect(late.state.status).toBe('Active');
    expect(late.state.pending_change?.escalations).toMatchObject([{ due: START + 4 * DAY }]);
  });

  it('and no more once it was decided, or is over', () => {
    const refused = pending.with(
      { type: 'RejectException', reason: REASON, change: 'chg_1' },
      APPROVER,
    );
    expect(nextEscalation(refused.state)).toBeUndefined();
    expect(nextEscalation(pending.after(90 * DAY).state)).toBeUndefined();
  });

  it('leaves reminders and the end where they are', () => {
    const late = pending.after(60 * DAY);
    expect(late.after(29 * DAY).state.status).toBe('Expired');
    const expiring = late.told.find(({ event }) => event.type === 'ExceptionExpiring')?.event;
    expect(expiring?.data).toMatchObject({ due: '2026-03-02T00:00:00.000Z' });
  });
});

it('what was asked before there were escalations is never escalated', () => {
  const { escalation: _, ...request } = requested().state.request ?? {};
  const old = { ...requested().state, request } as Story['state'];
  expect(nextEscalation(old)).toBeUndefined();
  expect(awaitedSince(old)).toBe(START);
});
