import { describe, expect, it } from 'vitest';
import {
  APPROVER,
  delegation,
  personOf,
  REQUESTOR,
  SECOND_APPROVER,
  START,
} from '../../../test/support/given.ts';
import type { Actor } from '../access/actor.ts';
import { DomainError } from '../errors.ts';
import { BUILT_IN_POLICY } from '../policy/built-in-policy.ts';
import { DAY } from '../schedule/instant.ts';
import {
  type DelegationRequest,
  decideDelegation,
  decideDelegationEnd,
} from './decide-delegation.ts';
import { type Delegation, delegationState, evolveDelegation, isActive } from './delegation.ts';

const CISO = personOf('ciso');
const DPO = personOf('dpo');
const APPROVERS = [APPROVER, SECOND_APPROVER, CISO, DPO];
const ADMINISTRATOR = personOf('administrator');

function asked(
  by: Actor,
  wanted: Partial<DelegationRequest>,
  delegations: readonly Delegation[] = [],
) {
  const request = {
    to: 'chen@example.com',
    until: START + 10 * DAY,
    reason: 'on leave',
    ...wanted,
  };
  return decideDelegation(request, {
    now: START,
    actor: by,
    policy: BUILT_IN_POLICY,
    people: { approvers: APPROVERS, delegations },
  });
}

function refusal(decision: ReturnType<typeof asked>): { code: string; message: string } {
  if (!(decision instanceof DomainError)) throw new Error(`${decision.type} passes`);
  return decision;
}

describe('a delegation', () => {
  it('hands the own role over, from now on', () => {
    expect(asked(CISO, {})).toEqual({
      type: 'RolesDelegated',
      data: {
        to: { id: 'chen', name: 'J. Chen', email: 'chen@example.com' },
        roles: ['ciso'],
        starts_at: '2026-01-01T00:00:00.000Z',
        until: '2026-01-11T00:00:00.000Z',
        reason: 'on leave',
      },
    });
  });

  it.each([
    ['by an address in capitals', { to: 'CHEN@example.com' }],
    ['by the id of a token', { to: 'chen' }],
    ['of a role that the own may stand in for', { roles: ['security'] }],
    ['of 90 days', { until: START + 90 * DAY }],
    ['of three months by a duration', { until: { months: 0, millis: 90 * DAY } }],
    ['of 90 days that begin later', { from: START + 30 * DAY, until: START + 120 * DAY }],
  ])('passes %s', (_, wanted) => {
    expect(asked(APPROVER, wanted)).toMatchObject({ type: 'RolesDelegated' });
  });

  it.each([
    ['to oneself', { to: 'the-ciso@example.com' }, 'to oneself'],
    ['to oneself by the id', { to: 'the-ciso' }, 'to oneself'],
    ['to nobody who is known', { to: 'nobody@example.com' }, 'nobody who can approve'],
    ['to somebody who cannot approve', { to: REQUESTOR.email }, 'nobody who can approve'],
    ['of a role that one has not', { roles: ['ciso', 'dpo'] }, 'holds dpo, which you have not'],
    ['that ends when it begins', { until: START }, 'does not lie after its start'],
    ['that has ended', { until: START - 1 }, 'does not lie after its start'],
    ['of more than 90 days', { until: START + 90 * DAY + 1 }, 'more than 90 days'],
    [
      'of more than 90 days by a duration',
      { until: { months: 3, millis: DAY } },
      'requested_duration is more than 90 days',
    ],
    [
      'that begins after its end',
      { from: START + 11 * DAY, until: START + 10 * DAY },
      'does not lie after',
    ],
    [
      'that begins in more than a year',
      { from: START + 400 * DAY, until: START + 410 * DAY },
      'more than a year ahead',
    ],
  ])('is refused %s', (_, wanted, message) => {
    expect(refusal(asked(CISO, wanted))).toMatchObject({
      code: 'invalid-request',
      message: expect.stringContaining(message),
    });
  });

  it('lasts a duration from its start', () => {
    expect(asked(CISO, { from: START + DAY, until: { months: 1, millis: 0 } })).toMatchObject({
      data: { starts_at: '2026-01-02T00:00:00.000Z', until: '2026-02-02T00:00:00.000Z' },
    });
  });

  it('begins now where its start has passed', () => {
    expect(asked(CISO, { from: START - DAY })).toMatchObject({
      data: { starts_at: '2026-01-01T00:00:00.000Z' },
    });
  });

  it('does not hand on what was delegated', () => {
    const received = [delegation(CISO, APPROVER)];
    const refused = refusal(asked(APPROVER, { roles: ['ciso'] }, received));
    expect(refused.message).toContain('which The ciso has delegated to you');
    // What is one's own is not held up by it.
    expect(asked(APPROVER, {}, received)).toMatchObject({ data: { roles: ['approver'] } });
  });
});

describe('people who would act for one another in a circle', () => {
  const back = (more: Partial<Delegation> = {}) => delegation(SECOND_APPROVER, CISO, more);

  it('are refused, over one or over several', () => {
    expect(refusal(asked(CISO, {}, [back()])).code).toBe('conflict');
    const over = [delegation(SECOND_APPROVER, DPO), delegation(DPO, APPROVER)];
    expect(asked(CISO, {}, over)).toMatchObject({ type: 'RolesDelegated' });
    const closed = refusal(asked(CISO, {}, [...over, delegation(APPROVER, CISO)]));
    expect(closed).toMatchObject({ code: 'conflict' });
    expect(closed.message).toContain('over L. Okoye (dlg_okoye_the-ciso)');
  });

  it('are refused where the other delegation has not begun yet', () => {
    const later = back({ starts_at: START + 9 * DAY, until: START + 20 * DAY });
    expect(refusal(asked(CISO, {}, [later])).code).toBe('conflict');
  });

  it.each([
    ['has ended', { ended: { at: START, by: CISO } }],
    ['begins when this ends', { starts_at: START + 10 * DAY, until: START + 20 * DAY }],
  ])('pass where the other delegation %s', (_, more) => {
    expect(asked(CISO, {}, [back(more)])).toMatchObject({ type: 'RolesDelegated' });
  });
});

describe('a delegation in time', () => {
  const planned = delegation(CISO, APPROVER, { starts_at: START + DAY });

  it('is active from its start until before its end', () => {
    expect(delegationState(planned, START + DAY - 1)).toBe('planned');
    expect(isActive(planned, START + DAY)).toBe(true);
    expect(isActive(planned, START + 10 * DAY - 1)).toBe(true);
    expect(delegationState(planned, START + 10 * DAY)).toBe('ended');
  });

  it.each([
    ['who gave it', CISO],
    ['who has it', APPROVER],
    ['an administrator', ADMINISTRATOR],
  ])('is ended early by %s', (_, actor) => {
    const at = START + 2 * DAY;
    const event = decideDelegationEnd(planned, 'back', { now: at, actor });
    if (event instanceof DomainError) throw event;
    const ended = evolveDelegation(planned, event, { streamId: 'dlg', at, actor });
    expect(ended.ended).toMatchObject({ at, by: { id: actor.id }, reason: 'back' });
    expect(isActive(ended, at)).toBe(false);
    expect(isActive(ended, at - 1)).toBe(true);
    expect(decideDelegationEnd(ended, undefined, { now: at, actor })).toMatchObject({
      code: 'wrong-state',
    });
  });

  it('is ended early by nobody else', () => {
    const context = { now: START, actor: DPO };
    expect(decideDelegationEnd(planned, 'mine', context)).toMatchObject({ code: 'not-permitted' });
  });
});
