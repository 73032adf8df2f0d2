import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CloudGrant } from '../enforcement/connector.ts';
import { DAY, type Instant, MINUTE } from '../schedule/instant.ts';
import { compareListed, compareUnlisted, type RegisteredGrant } from './compare.ts';

const NOW: Instant = Date.UTC(2026, 5, 1);
const SPEC = {
  kind: 'role-assignment',
  target: '/subscriptions/a/resourceGroups/shop',
  subject: 'person',
  permission: 'reader',
};
const PRESENT = { presence: 'present', until: NOW + 10 * DAY, nativeEnd: NOW + 10 * DAY } as const;
const ABSENT = { presence: 'absent', since: NOW - DAY } as const;

function registered(changes: Partial<RegisteredGrant> = {}): RegisteredGrant {
  return {
    ...{ grantId: 'GRT_1-1', exceptionId: 'EXC_1', spec: SPEC, status: 'in-place' },
    ...{ since: NOW - 2 * DAY, inForceSince: NOW - 2 * DAY, wanted: PRESENT, placed: undefined },
    ...{ mode: 'remove', connection: 'azure', keepsEnds: false, isMoving: false },
    ...{ owners: ['o@example.com'], areOwnersUnknown: false },
    ...changes,
  };
}

function listed(changes: Partial<CloudGrant> = {}): CloudGrant {
  return { spec: SPEC, placed: { id: '/a', ours: false }, ...changes };
}

const kinds = (found: readonly { readonly kind: string }[]) => found.map(({ kind }) => kind);

describe('what a cloud lists', () => {
  it('is no finding where an exception in force allows it, whatever else has ended', () => {
    const ended = registered({ grantId: 'GRT_0-1', wanted: ABSENT });
    expect(compareListed(listed(), [ended, registered()], [], NOW)).toEqual([]);
  });

  it('is unregistered where no exception lists it', () => {
    const found = compareListed(listed({ createdBy: 'somebody' }), [], [], NOW);
    expect(kinds(found)).toEqual(['unregistered']);
    expect(found[0]?.details).toContain('somebody made it');
  });

  it('is overdue a quarter of an hour after its end or its removal, and not before', () => {
    const minutesAgo = (minutes: number) => NOW - minutes * MINUTE;
    const at = (since: Instant, changes: Partial<RegisteredGrant> = {}) =>
      kinds(
        compareListed(
          listed(),
          [registered({ wanted: { presence: 'absent', since }, ...changes })],
          [],
          NOW,
        ),
      );
    expect(at(minutesAgo(15))).toEqual(['overdue']);
    expect(at(minutesAgo(14))).toEqual([]);
    expect(at(minutesAgo(60), { status: 'removed', since: minutesAgo(14) })).toEqual([]);
    expect(at(minutesAgo(60), { status: 'removed', since: minutesAgo(15) })).toEqual(['overdue']);
  });

  it('is not overdue where a renewal goes on with it', () => {
    const handOverTo = { grantId: 'GRT_2-1', spec: SPEC };
    const before = registered({ wanted: { ...ABSENT, handOverTo } });
    expect(compareListed(listed(), [before], [], NOW)).toEqual([]);
  });

  it('is changed where its scope is wider than the approved one', () => {
    const wide = listed({ spec: { ...SPEC, target: '/Subscriptions/A/' } });
    const found = compareListed(wide, [], [registered()], NOW);
    expect(found).toMatchObject([{ kind: 'changed', grant: { exceptionId: 'EXC_1' } }]);
    for (const other of [
      { subject: 'other' },
      { permission: 'owner' },
      { target: '/subscriptions/ab' },
    ]) {
      const spec = { ...SPEC, target: '/subscriptions/a', ...other };
      expect(kinds(compareListed(listed({ spec }), [], [registered()], NOW))).toEqual([
        'unregistered',
      ]);
    }
  });

  it('is changed where it carries the mark of a grant that allows something else', () => {
    const other = listed({ spec: { ...SPEC, permission: 'owner' }, markedFor: 'GRT_1-1' });
    expect(kinds(compareListed(other, [], [registered()], NOW))).toEqual(['changed']);
  });

  it('is changed where its end was moved or taken away, of kinds that keep one', () => {
    const with_ = (endsAt: Instant | undefined, grant: Partial<RegisteredGrant> = {}) =>
      kinds(
        compareListed(
          listed({ placed: { id: '/a', ours: true, endsAt } }),
          [registered({ keepsEnds: true, ...grant })],
          [],
          NOW,
        ),
      );
    const ours = { placed: { id: '/a', ours: true, endsAt: PRESENT.nativeEnd } };
    expect(with_(PRESENT.nativeEnd, ours)).toEqual([]);
    expect(with_(PRESENT.nativeEnd + 1)).toEqual(['changed']);
    expect(with_(PRESENT.nativeEnd - 1, ours)).toEqual(['changed']);
    expect(with_(undefined, ours)).toEqual(['changed']);
    expect(with_(undefined)).toEqual([]);
    expect(with_(PRESENT.nativeEnd + 1, { keepsEnds: false })).toEqual([]);
    expect(with_(PRESENT.nativeEnd + 1, { isMoving: true })).toEqual([]);
  });

  it('is changed where people can make it by themselves, and says so where nobody allows it', () => {
    const own = listed({ selfService: true });
    expect(kinds(compareListed(own, [registered()], [], NOW))).toEqual(['changed']);
    const [found] = compareListed(own, [], [], NOW);
    expect(found?.details.join()).toContain('by themselves');
  });

  it('gives one finding at most of each kind, and never removes what is in force', () => {
    const grants = fc.array(
      fc.record({
        presence: fc.boolean(),
        ago: fc.integer({ min: 0, max: 60 * 24 }),
        status: fc.constantFrom('planned', 'in-place', 'removed', 'failed', 'manual'),
        areOwnersUnknown: fc.boolean(),
      }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(grants, fc.boolean(), (all, selfService) => {
        const same = all.map(({ presence, ago, status, areOwnersUnknown }, index) =>
          registered({
            ...{ grantId: `GRT_${index}-1`, status: status as RegisteredGrant['status'] },
            ...{ areOwnersUnknown, since: NOW - ago * MINUTE },
            wanted: presence ? PRESENT : { presence: 'absent', since: NOW - ago * MINUTE },
          }),
        );
        const found = kinds(compareListed(listed({ selfService }), same, [], NOW));
        expect(new Set(found).size).toBe(found.length);
        const isAllowed = same.some(({ wanted }) => wanted.presence === 'present');
        if (isAllowed) expect(found).not.toContain('overdue');
        expect(found.includes('unregistered')).toBe(same.length === 0);
      }),
    );
  });
});

describe('what a whole list did not have', () => {
  const absent = { kind: 'absent' } as const;

  it('is missing where it was in place, and where Lapse should have put it there', () => {
    expect(kinds(compareUnlisted(registered(), absent, NOW))).toEqual(['missing']);
    const failed = registered({ status: 'failed', mode: 'manage' });
    expect(kinds(compareUnlisted(failed, absent, NOW))).toEqual(['missing']);
  });

  it('is out of use where what it applies to is gone, and two weeks after nobody put it there', () => {
    const gone = { kind: 'target-gone', message: 'ResourceGroupNotFound' } as const;
    expect(kinds(compareUnlisted(registered(), gone, NOW))).toEqual(['out-of-use']);
    const planned = (days: number) =>
      registered({ status: 'planned', inForceSince: NOW - days * DAY });
    expect(kinds(compareUnlisted(planned(14), absent, NOW))).toEqual(['out-of-use']);
    expect(kinds(compareUnlisted(planned(13), absent, NOW))).toEqual([]);
  });

  it('is nothing where it was not seen to be gone, or is not wanted there', () => {
    const looks = fc.constantFrom(
      undefined,
      { kind: 'undecided', message: 'down' } as const,
      { kind: 'throttled', message: 'slow', retryAfter: 1 } as const,
      { kind: 'present', placed: { id: '/a', ours: false } } as const,
    );
    fc.assert(
      fc.property(looks, fc.constantFrom('planned', 'in-place', 'failed'), (look, status) => {
        const grant = registered({ status, inForceSince: NOW - 90 * DAY });
        expect(compareUnlisted(grant, look, NOW)).toEqual([]);
      }),
    );
    expect(compareUnlisted(registered({ wanted: ABSENT }), absent, NOW)).toEqual([]);
    expect(compareUnlisted(registered({ isMoving: true }), absent, NOW)).toEqual([]);
  });

  it('has an owner who is unknown, whether or not it could be looked at', () => {
    const ownerless = registered({ areOwnersUnknown: true });
    expect(kinds(compareUnlisted(ownerless, undefined, NOW))).toEqual(['owner-unknown']);
    expect(kinds(compareUnlisted(ownerless, absent, NOW))).toEqual(['missing', 'owner-unknown']);
  });
});
