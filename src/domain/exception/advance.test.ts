import { describe, expect, it } from 'vitest';
import { given, inStatus, START, Story } from '../../../test/support/given.ts';
import { BUILT_IN_POLICY } from '../policy/built-in-policy.ts';
import { DAY, formatInstant, SECOND } from '../schedule/instant.ts';
import { isInForce, nextDeadline } from './advance.ts';
import { catchUp, stateAt } from './catch-up.ts';

const inDays = (days: number) => formatInstant(START + days * DAY);
const typesAt = (story: Story, at: number) =>
  catchUp(story.state, at, BUILT_IN_POLICY).map(({ type }) => type);

describe('activation', () => {
  it('needs the controls confirmed, however long ago its start was', () => {
    const waiting = inStatus('Approved').after(20 * DAY);
    expect(waiting.state.status).toBe('Approved');
    expect(isInForce(waiting.state, waiting.now)).toBe(false);
    expect(nextDeadline(waiting.state)).toBe(START + 90 * DAY);
    expect(waiting.confirmed().state).toMatchObject({
      status: 'Active',
      effective_from: START,
      activated_at: START + 20 * DAY,
    });
  });

  it('needs telemetry, so a request cannot do without', () => {
    expect(() => given({ telemetry: {} }).submitted()).toThrow('telemetry');
    const { now, policy, told, state } = inStatus('Approved');
    const blind = { ...state, fields: { ...state.fields, telemetry: {} } };
    const story = new Story(now, policy, told, blind);
    expect(story.refuses({ type: 'ActivateException' })).toMatchObject({
      code: 'not-ready',
      errors: [{ path: 'telemetry' }],
    });
  });

  it('waits for its start, which the clock then sees by itself', () => {
    const early = given({ effective_from: inDays(5) })
      .submitted()
      .approved()
      .confirmed();
    expect(early.state).toMatchObject({ status: 'Approved', controls_confirmed: { at: START } });
    expect(nextDeadline(early.state)).toBe(START + 5 * DAY);
    expect(early.after(5 * DAY - 1).state.status).toBe('Approved');
    expect(early.after(5 * DAY).state).toMatchObject({
      status: 'Active',
      activated_at: START + 5 * DAY,
    });
  });

  it('confirms once: again changes nothing', () => {
    const early = given({ effective_from: inDays(5) })
      .submitted()
      .approved()
      .confirmed();
    expect(early.gives({ type: 'ActivateException' })).toEqual([]);
  });
});

describe('reminders', () => {
  it('lie 30, 7 and 1 days before the end', () => {
    expect(inStatus('Approved').state.reminders).toEqual([60, 83, 89].map((d) => START + d * DAY));
  });

  it('that fall on the approval itself have passed', () => {
    const week = inStatus('Approved', { requested_duration: 'P7D' });
    expect(week.state.reminders).toEqual([START + 6 * DAY]);
  });

  it('that lie before activation are skipped', () => {
    const late = inStatus('Approved')
      .after(70 * DAY)
      .confirmed();
    expect(late.state.reminders).toEqual([83, 89].map((d) => START + d * DAY));
  });

  it('make a record Expiring from the first of them, to the millisecond', () => {
    const active = inStatus('Active');
    expect(active.after(60 * DAY - 1).state.status).toBe('Active');
    expect(active.after(60 * DAY).state.status).toBe('Expiring');
  });

  it('do not let a 14-day grant be born Expiring', () => {
    const active = inStatus('Active', { control: 'firewall' });
    expect(active.state).toMatchObject({
      status: 'Active',
      reminders: [7, 13].map((d) => START + d * DAY),
    });
    expect(active.after(7 * DAY).state.status).toBe('Expiring');
  });

  it('leave a grant of one day without any Expiring', () => {
    const active = inStatus('Active', { requested_duration: 'P1D' });
    expect(active.state.reminders).toEqual([]);
    expect(active.after(DAY - 1).state.status).toBe('Active');
    expect(active.after(DAY).state.status).toBe('Expired');
  });

  it('are kept where a late sweep records an activation that was in time', () => {
    const early = given({ effective_from: inDays(5) })
      .submitted()
      .approved()
      .confirmed();
    const late = stateAt(early.state, START + 70 * DAY, BUILT_IN_POLICY);
    expect(late.status).toBe('Expiring');
    expect(late.reminders).toHaveLength(3);
  });
});

describe('the end', () => {
  it.each([
    ['Active', 90],
    ['Expiring', 90],
    ['Extended', 120],
  ] as const)('of a record that is %s comes to the millisecond', (status, days) => {
    const { state } = inStatus(status);
    const end = START + days * DAY;
    expect(isInForce(stateAt(state, end - 1, BUILT_IN_POLICY), end - 1)).toBe(true);
    expect(isInForce(state, end)).toBe(false);
    expect(stateAt(state, end, BUILT_IN_POLICY)).toMatchObject({
      status: 'Expired',
      ended: { at: end, reason: 'expired' },
    });
  });

  it('is written down as it was, however late it is seen', () => {
    const [event] = catchUp(inStatus('Active').state, START + 400 * DAY, BUILT_IN_POLICY);
    expect(event).toEqual({
      type: 'ExceptionExpired',
      data: { cause: 'end-reached', ended_at: inDays(90) },
    });
  });

  it('lets an approved record lapse that was never activated', () => {
    const lapsed = inStatus('Approved').after(90 * DAY);
    expect(lapsed.state).toMatchObject({
      status: 'Closed',
      closed: { reason: 'lapsed', note: 'never activated before its end' },
    });
    expect(lapsed.state.ended).toBeUndefined();
  });

  it('of a record that was due to start is an expiry, though one sweep sees start and end', () => {
    const early = given({ effective_from: inDays(5) })
      .submitted()
      .approved()
      .confirmed();
    expect(typesAt(early, START + 95 * DAY)).toEqual(['ExceptionActivated', 'ExceptionExpired']);
    expect(early.after(95 * DAY).state).toMatchObject({
      status: 'Expired',
      activated_at: START + 5 * DAY,
      ended: { at: START + 90 * DAY },
    });
  });
});

describe('a request', () => {
  it('lapses after 30 days without a decision', () => {
    const request = inStatus('Under-Review');
    expect(request.after(30 * DAY - 1).state.status).toBe('Under-Review');
    expect(request.after(30 * DAY).state).toMatchObject({
      status: 'Closed',
      closed: {
        reason: 'lapsed',
        note: 'nobody decided the request in time',
        by: { id: 'system:clock' },
      },
    });
  });

  it('that was changed has 30 days again', () => {
    const edited = inStatus('Under-Review')
      .after(20 * DAY)
      .with({ type: 'EditException', changes: { category: 'network' } });
    expect(edited.after(30 * DAY - 1).state.status).toBe('Under-Review');
  });
});

describe('a closed record', () => {
  it('is archived after 30 days', () => {
    const closed = inStatus('Closed');
    expect(closed.after(30 * DAY - 1).state.status).toBe('Closed');
    expect(closed.after(30 * DAY).state).toMatchObject({
      status: 'Archived',
      archived_at: START + 30 * DAY,
    });
  });

  it('that time closed has its 30 days from when that was recorded', () => {
    const seenLate = inStatus('Under-Review').after(100 * DAY);
    expect(seenLate.state).toMatchObject({
      status: 'Closed',
      closed: { archives_at: START + 130 * DAY },
    });
  });
});

describe('a clock that goes backwards', () => {
  it.each(['Approved', 'Active', 'Expiring', 'Extended', 'Expired', 'Closed'] as const)(
    'undoes nothing of a record that is %s',
    (status) => {
      const { state } = inStatus(status);
      expect(stateAt(state, START - SECOND, BUILT_IN_POLICY)).toBe(state);
      expect(isInForce(state, START - SECOND)).toBe(false);
    },
  );
});
