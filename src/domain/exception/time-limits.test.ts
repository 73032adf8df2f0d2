import { describe, expect, it } from 'vitest';
import {
  APPROVER,
  extension,
  given,
  inStatus,
  REASON,
  START,
} from '../../../test/support/given.ts';
import { DAY, formatInstant, HOUR } from '../schedule/instant.ts';

const iso = formatInstant;

describe('the end of a request', () => {
  it('is the chosen date, as it was chosen', () => {
    const chosen = START + 12 * DAY + 345;
    const approved = given({ expires_at: iso(chosen) })
      .submitted()
      .after(10 * DAY)
      .approved();
    expect(approved.state).toMatchObject({ expires_at: chosen, original_expires_at: chosen });
  });

  it('is a duration from approval, not from the request', () => {
    const approved = given({ requested_duration: 'P20D' })
      .submitted()
      .after(10 * DAY)
      .approved();
    expect(approved.state.expires_at).toBe(START + 30 * DAY);
  });

  it('is the maximum from approval where nothing was chosen', () => {
    const approved = given()
      .submitted()
      .after(10 * DAY)
      .approved();
    expect(approved.state.expires_at).toBe(START + 100 * DAY);
  });

  it('may lie further from the request than the maximum once time has passed', () => {
    const end = START + 90 * DAY;
    expect(
      given({ expires_at: iso(end) })
        .submitted()
        .after(5 * DAY)
        .approved().state.expires_at,
    ).toBe(end);
  });

  it.each([
    ['a duration beyond the maximum', { requested_duration: 'P91D' }, 'requested_duration'],
    ['a date beyond the maximum', { expires_at: iso(START + 91 * DAY) }, 'expires_at'],
    [
      'a date in the past',
      { expires_at: iso(START - DAY), effective_from: undefined },
      'expires_at',
    ],
    ['this very instant', { expires_at: iso(START), effective_from: undefined }, 'expires_at'],
  ])('is refused with what would pass: %s', (_, fields, path) => {
    expect(() => given(fields)).toThrow(
      expect.objectContaining({
        code: 'end-refused',
        message: expect.stringContaining(`up to ${iso(START + 90 * DAY)} would pass: at most P90D`),
        errors: [expect.objectContaining({ path })],
      }),
    );
  });

  it('is chosen once', () => {
    const both = { expires_at: iso(START + DAY), requested_duration: 'P1D' };
    expect(() => given(both)).toThrow('give either expires_at or requested_duration, not both');
  });

  it('cannot be approved once it has passed', () => {
    const late = given({ expires_at: iso(START + 5 * DAY) })
      .submitted()
      .after(5 * DAY);
    const refusal = late.refuses({ type: 'ApproveException', reason: REASON }, APPROVER);
    expect(refusal).toMatchObject({ code: 'end-refused', errors: [{ path: 'expires_at' }] });
    expect(refusal.message).toContain('lies in the past');
  });
});

describe('the start of a request', () => {
  it('that lies in the past means from approval', () => {
    const approved = given({ effective_from: iso(START - 400 * DAY) })
      .submitted()
      .after(3 * DAY)
      .approved();
    expect(approved.state.effective_from).toBe(START + 3 * DAY);
  });

  it('that lies in the future leaves a duration counting from approval', () => {
    const fields = { effective_from: iso(START + 5 * DAY), requested_duration: 'P20D' };
    const approved = given(fields).submitted().approved();
    expect(approved.state).toMatchObject({
      effective_from: START + 5 * DAY,
      expires_at: START + 20 * DAY,
    });
  });

  it('has to lie before the end that a duration gives, and says so', () => {
    const fields = { effective_from: iso(START + 20 * DAY), requested_duration: 'P20D' };
    expect(() => given(fields)).toThrow(
      `effective_from must lie before the end, which counts from approval: before ${iso(START + 20 * DAY)}, or give an expires_at after it, up to ${iso(START + 90 * DAY)}`,
    );
  });

  it('has to lie before a chosen end', () => {
    const fields = { effective_from: iso(START + DAY), expires_at: iso(START + DAY) };
    expect(() => given(fields)).toThrow('give a later end or an earlier start');
  });
});

describe('an extension', () => {
  it('without a control adds 90 days to 90 at most', () => {
    const active = inStatus('Active');
    const last = START + 180 * DAY;
    expect(active.extended(last).state).toMatchObject({
      status: 'Extended',
      expires_at: last,
      original_expires_at: START + 90 * DAY,
    });
    const refusal = active.refuses(extension(last + 1));
    expect(refusal).toMatchObject({ code: 'end-refused', errors: [{ path: 'expires_at' }] });
    expect(refusal.message).toContain(
      `up to ${iso(last)} would pass: at most P90D from the present end`,
    );
  });

  it('adds at most 90 days to a shorter grant too', () => {
    const active = given({ requested_duration: 'P10D' }).submitted().approved().confirmed();
    expect(active.extended(START + 100 * DAY).state.expires_at).toBe(START + 100 * DAY);
    expect(active.refuses(extension(START + 100 * DAY + 1)).code).toBe('end-refused');
  });

  it('stays within the maximum of the control, counted from approval', () => {
    const active = given({ control: 'firewall', requested_duration: 'P5D' })
      .submitted()
      .after(DAY)
      .approved()
      .confirmed()
      .after(2 * DAY);
    const last = START + 15 * DAY;
    expect(active.extended(last).state.expires_at).toBe(last);
    const { message } = active.refuses(extension(last + 1));
    expect(message).toContain(`up to ${iso(last)} would pass: at most P14D from approval`);
    expect(message).toContain('Firewall Rule (Temporary)');
  });

  it('finds no room where the control is at its maximum', () => {
    const active = inStatus('Active', { control: 'rbac-tier-0' });
    for (const end of [active.state.expires_at ?? 0, START + 15 * DAY]) {
      const refusal = active.refuses(extension(end));
      expect(refusal.code).toBe('end-refused');
      expect(refusal.message).toContain('the maximum of P14D is used up');
      expect(refusal.message).toContain('ask for a renewal');
    }
  });

  it('has to lie after the present end', () => {
    const active = inStatus('Active');
    for (const end of [START + 90 * DAY, START + 10 * DAY]) {
      expect(active.refuses(extension(end)).message).toContain(
        'does not lie after the present end',
      );
    }
  });

  it('is given once', () => {
    const extended = inStatus('Extended');
    expect(extended.refuses(extension(START + 150 * DAY))).toMatchObject({
      code: 'extension-spent',
      message: expect.stringContaining('ask for a renewal (000 section 4, Duration)'),
    });
  });

  it('waits as one pending change while the record stays as it is', () => {
    const waiting = inStatus('Active').extensionTo(START + 120 * DAY);
    expect(waiting.state).toMatchObject({
      status: 'Active',
      expires_at: START + 90 * DAY,
      pending_change: { kind: 'extension', expires_at: START + 120 * DAY },
    });
    expect(waiting.refuses(extension(START + 121 * DAY)).message).toContain(
      'chg_1); it has to be approved or rejected first',
    );
    const rejected = waiting.with(
      { type: 'RejectException', reason: REASON, change: 'chg_1' },
      APPROVER,
    );
    expect(rejected.state.pending_change).toBeUndefined();
    expect(rejected.extended(START + 100 * DAY).state.status).toBe('Extended');
  });

  it('goes with the record at its end when nobody has decided it', () => {
    const expired = inStatus('Active')
      .extensionTo(START + 120 * DAY)
      .after(90 * DAY);
    expect(expired.state).toMatchObject({ status: 'Expired', expires_at: START + 90 * DAY });
    expect(expired.state.pending_change).toBeUndefined();
  });

  it('has to be named when it is decided', () => {
    const waiting = inStatus('Active').extensionTo(START + 120 * DAY);
    const approve = { type: 'ApproveException', reason: REASON } as const;
    expect(waiting.refuses(approve, APPROVER)).toMatchObject({
      code: 'invalid-request',
      message: expect.stringContaining('"change": "chg_1" (or "extension")'),
    });
    expect(waiting.refuses({ ...approve, change: 'chg_2' }, APPROVER).code).toBe('no-such-change');
    expect(inStatus('Active').refuses(approve, APPROVER).message).toContain(
      'a request or a requested change can be decided',
    );
  });

  it('is written down in UTC, whatever offset it was asked for in', () => {
    const asked = { ...extension(0), expires_at: '2026-05-01T02:00:00+02:00' };
    const [event] = inStatus('Active').gives(asked);
    expect(event?.data).toMatchObject({ expires_at: '2026-05-01T00:00:00.000Z' });
  });

  it('brings its own reminders, those that have passed left out', () => {
    const extended = inStatus('Active')
      .after(80 * DAY)
      .extended(START + 100 * DAY);
    expect(extended.state.reminders).toEqual([START + 93 * DAY, START + 99 * DAY]);
    expect(extended.after(20 * DAY - HOUR).state.status).toBe('Extended');
    expect(extended.after(20 * DAY).state.status).toBe('Expired');
  });
});
