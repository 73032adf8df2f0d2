import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ExceptionFields } from '../exception/fields.ts';
import { DAY, MINUTE } from '../schedule/instant.ts';
import { type AlertState, confirms, isOf } from './alert.ts';
import type { AuditEvent } from './audit-event.ts';
import { judgeGrant, type KnownGrant } from './judge-grant.ts';
import { type Barred, isBarred, privilegeRefusal } from './strikes.ts';

const AT = 100 * DAY;
const LAPSE = new Set(['lapse-object', 'lapse-app']);
const given = { at: AT, by: { object_id: 'somebody' } };
const inForce: KnownGrant = { grantId: 'GRT_A-1', exceptionId: 'EXC_A', startedAt: AT - DAY };
const over: KnownGrant = { ...inForce, endedAt: AT - MINUTE };

describe('what was given is', () => {
  test('nothing where Lapse did it, by either of its ids', () => {
    for (const by of [{ object_id: 'lapse-object' }, { app_id: 'lapse-app' }])
      expect(judgeGrant({ at: AT, by }, [over], LAPSE)).toEqual({ kind: 'own' });
    expect(judgeGrant({ at: AT, by: {} }, [over], LAPSE).kind).toBe('circumvention');
  });

  test('covered while a record is in force, and where it was when it was given', () => {
    expect(judgeGrant(given, [inForce], LAPSE)).toEqual({ kind: 'covered' });
    expect(judgeGrant(given, [{ ...inForce, endedAt: AT + 1 }], LAPSE)).toEqual({
      kind: 'covered',
    });
    expect(judgeGrant(given, [{ ...inForce, endedAt: AT }], LAPSE).kind).toBe('circumvention');
  });

  test('covered by a renewal', () => {
    const renewal = {
      ...inForce,
      grantId: 'GRT_B-1',
      exceptionId: 'EXC_B',
      startedAt: AT - MINUTE,
    };
    expect(judgeGrant(given, [over, renewal], LAPSE)).toEqual({ kind: 'covered' });
  });

  test('outside the register where no record has had it before', () => {
    expect(judgeGrant(given, [], LAPSE)).toEqual({ kind: 'outside-register' });
    const later = { ...inForce, startedAt: AT + DAY, endedAt: AT + 2 * DAY };
    expect(judgeGrant(given, [later], LAPSE)).toEqual({ kind: 'outside-register' });
  });

  test('the access of the record that ended last, in whatever order they are known', () => {
    const ends = fc.uniqueArray(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(ends, (ages) => {
        const known = ages.map((age) => ({
          grantId: `GRT_${age}-1`,
          exceptionId: `EXC_${age}`,
          startedAt: AT - (age + 1) * DAY,
          endedAt: AT - age * MINUTE,
        }));
        const last = Math.min(...ages);
        expect(judgeGrant(given, known, LAPSE)).toEqual({
          kind: 'circumvention',
          grantId: `GRT_${last}-1`,
          exceptionId: `EXC_${last}`,
        });
      }),
    );
  });
});

describe('one operation has one alert', () => {
  const alert = (more: Partial<AlertState>) =>
    ({
      log: 'activity-log',
      correlation_id: 'one',
      resource_id: '/R',
      done_at: AT,
      ...more,
    }) as AlertState;
  const event = (more: Partial<AuditEvent>) =>
    ({
      log: 'activity-log',
      correlation_id: 'ONE',
      resource_id: '/r',
      at: AT,
      ...more,
    }) as AuditEvent;

  test('by its correlation, in any case and from any log', () => {
    expect(isOf(alert({}), event({}))).toBe(true);
    expect(isOf(alert({ log: 'event-grid' }), event({ at: AT + DAY }))).toBe(true);
    expect(isOf(alert({}), event({ correlation_id: 'two' }))).toBe(false);
    expect(isOf(alert({}), event({ resource_id: '/other' }))).toBe(false);
  });

  test('a post with a correlation of its own makes no second one of it', () => {
    const posted = event({ log: 'event-grid', correlation_id: 'made up', at: AT + 1_000 });
    expect(isOf(alert({}), posted)).toBe(true);
    expect(isOf(alert({ log: 'event-grid', correlation_id: 'made up' }), event({}))).toBe(true);
    expect(isOf(alert({}), { ...posted, at: AT + DAY })).toBe(false);
  });

  test('what was posted is confirmed by a log, once', () => {
    expect(confirms(event({}), alert({ log: 'event-grid' }))).toBe(true);
    expect(confirms(event({}), alert({}))).toBe(false);
    expect(confirms(event({ log: 'event-grid' }), alert({ log: 'event-grid' }))).toBe(false);
  });
});

describe('strikes', () => {
  const strike = { alert_id: 'ALT_1', at: '2026-01-01T00:00:00.000Z', object_id: 'oid' };
  const barred: Barred = {
    personId: 'per_1',
    name: 'A. Rivera',
    email: 'rivera@example.com',
    objectIds: ['oid'],
    strikes: [strike, strike],
  };
  const other = {
    id: 'per_2',
    name: 'C. Dumas',
    email: 'dumas@example.com',
    role: 'requestor',
  } as const;

  test('the first warns, the second takes privileged access away', () => {
    expect([[], [strike], [strike, strike]].map((strikes) => isBarred(strikes))).toEqual([
      false,
      false,
      true,
    ]);
  });

  test.each([
    ['asked by them', {}, { ...other, id: 'per_1' }],
    ['asked by their address', {}, { ...other, email: 'Rivera@Example.com' }],
    ['asked in their name', { requestor: { name: 'x', email: 'RIVERA@example.com' } }, other],
    ['that gives them access', { grants: [{ kind: 'k', target: 't', subject: ' OID ' }] }, other],
  ] as const)('privileged access %s is refused', (_, more, actor) => {
    const fields = { title: 'x', control: 'conditional-access', ...more } as ExceptionFields;
    expect(privilegeRefusal(fields, actor, [barred])).toMatchObject({ code: 'privileges-lost' });
    expect(privilegeRefusal({ ...fields, control: 'firewall' }, actor, [barred])).toBe(undefined);
    expect(privilegeRefusal(fields, actor, [])).toBe(undefined);
  });

  test('others may ask for themselves', () => {
    expect(privilegeRefusal({ title: 'x', control: 'rbac-tier-0' }, other, [barred])).toBe(
      undefined,
    );
  });
});
