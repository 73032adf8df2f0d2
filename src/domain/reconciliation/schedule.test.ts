import { describe, expect, it } from 'vitest';
import { connectionSettings } from '../enforcement/connection.ts';
import { DAY, HOUR, type Instant } from '../schedule/instant.ts';
import { decideSchedule, isReviewDue, type ScheduleFacts } from './schedule.ts';
import { scopeOf, scopesOf } from './scopes.ts';

const NOW: Instant = Date.UTC(2026, 5, 1);
const facts = (changes: Partial<ScheduleFacts> = {}): ScheduleFacts => ({
  ...{ now: NOW, addEvery: (from) => from + 7 * DAY, lastBegan: NOW - 7 * DAY },
  ...{ isUnderWay: false, hasConnection: true, isAfterOutage: false },
  ...changes,
});

describe('the schedule of comparisons', () => {
  it('begins one so long after the last one began, and asks again within a day', () => {
    expect(decideSchedule(facts())).toEqual({ start: 'scheduled', askAgainAt: NOW + DAY });
    expect(decideSchedule(facts({ lastBegan: NOW - 6.5 * DAY }))).toEqual({
      askAgainAt: NOW + DAY / 2,
    });
    expect(decideSchedule(facts({ lastBegan: NOW - DAY }))).toEqual({ askAgainAt: NOW + DAY });
    expect(decideSchedule(facts({ lastBegan: undefined })).start).toBe('scheduled');
  });

  it('begins one after an outage, whenever the last one was', () => {
    const mended = facts({ isAfterOutage: true, lastBegan: NOW - HOUR });
    expect(decideSchedule(mended).start).toBe('after-outage');
    expect(decideSchedule({ ...mended, isUnderWay: true }).start).toBeUndefined();
  });

  it('begins none where nothing can be compared', () => {
    expect(decideSchedule(facts({ hasConnection: false }))).toEqual({ askAgainAt: NOW + DAY });
  });

  it('asks once a month for what no connection reaches', () => {
    expect(isReviewDue(undefined, NOW)).toBe(true);
    expect(isReviewDue(Date.UTC(2026, 4, 1), NOW)).toBe(true);
    expect(isReviewDue(Date.UTC(2026, 4, 2), NOW)).toBe(false);
  });
});

describe('what is listed', () => {
  const azureWith = (named: { subscriptions?: string[]; groups?: string[] }) =>
    connectionSettings.parse({
      connector: 'azure',
      directory_id: 'aaaaaaaa-2222-4333-8444-555555555555',
      ...named,
    });
  const places = [
    { kind: 'role-assignment', target: '/subscriptions/B/resourceGroups/x' },
    { kind: 'nsg-rule', target: '/SUBSCRIPTIONS/b/y' },
    { kind: 'group-member', target: 'G1' },
    { kind: 'role-assignment', target: '/providers/Microsoft.Management/managementGroups/m' },
  ];

  it('is what a connection names, and otherwise where the register has grants', () => {
    const scopes = (settings: Parameters<typeof scopesOf>[0]) =>
      scopesOf(settings, places).map(({ scope }) => scope);
    expect(scopes(azureWith({}))).toEqual(['/subscriptions/b', 'g1']);
    const [one, other] = [
      'AAAAAAAA-2222-4333-8444-555555555555',
      'bbbbbbbb-2222-4333-8444-555555555555',
    ];
    expect(scopes(azureWith({ subscriptions: [one], groups: [other] }))).toEqual([
      `/subscriptions/${one.toLowerCase()}`,
      other,
    ]);
  });

  it('has members for groups, everything else for subscriptions, and all of a webhook at once', () => {
    const [subscription, group] = scopesOf(azureWith({}), places);
    expect(subscription?.kinds).toContain('role-assignment');
    expect(subscription?.kinds).not.toContain('group-member');
    expect(group?.kinds).toEqual(['group-member']);
    const gateway = { kinds: ['vpn'], url: 'https://x.example.com' };
    const webhook = connectionSettings.parse({ connector: 'webhook', ...gateway });
    expect(scopesOf(webhook, places)).toEqual([{ scope: '', kinds: ['vpn'] }]);
    expect(scopeOf({ kind: 'vpn', target: 'the gateway' })).toEqual([]);
  });
});
