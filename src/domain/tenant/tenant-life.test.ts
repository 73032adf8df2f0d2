import { describe, expect, test } from 'vitest';
import { DAY } from '../schedule/instant.ts';
import { assertRetentionOver } from './retention.ts';
import { evolveTenant, type TenantEvent, whyReadOnly } from './tenant-life.ts';

const actor = { id: 'tok_1', name: 'O. Duty', role: 'operator' } as const;
const order = { reason: 'over', due_at: '2026-02-01T00:00:00.000Z', before_retention: false };
const after = (...events: TenantEvent[]) =>
  events.reduce(
    (state, event) => evolveTenant(state, event, { at: 0, actor }),
    evolveTenant(undefined, { type: 'TenantCreated', data: { name: 'A' } }, { at: 0, actor }),
  );
const SUSPENDED: TenantEvent = { type: 'TenantSuspended', data: { reason: 'not paid' } };
const RESUMED: TenantEvent = { type: 'TenantResumed', data: { reason: 'paid' } };
const SCHEDULED: TenantEvent = { type: 'TenantDeletionScheduled', data: order };
const CANCELLED: TenantEvent = { type: 'TenantDeletionCancelled', data: { reason: 'stays' } };

describe('a tenant can only be read', () => {
  test.each([
    ['that was made', [], undefined],
    ['that is suspended', [SUSPENDED], /suspended on .*: not paid/],
    ['that was resumed', [SUSPENDED, RESUMED], undefined],
    ['that is to be deleted', [SCHEDULED], /to be deleted on 2026-02-01.*: over/],
    ['whose deletion was called off', [SCHEDULED, CANCELLED], undefined],
    ['that was suspended before that', [SUSPENDED, SCHEDULED, CANCELLED], /suspended/],
    ['that was resumed and is to be deleted', [SUSPENDED, SCHEDULED, RESUMED], /to be deleted/],
  ])('%s', (_, events, why) => {
    const reason = whyReadOnly(after(...events));
    if (why === undefined) expect(reason).toBeUndefined();
    else expect(reason).toMatch(why);
  });
});

test('who did it, when and why stays with it', () => {
  expect(after(SUSPENDED).suspended).toEqual({
    at: '1970-01-01T00:00:00.000Z',
    by: { id: 'tok_1', name: 'O. Duty' },
    reason: 'not paid',
  });
});

describe('the retention', () => {
  const facts = { open: 0, lastEndedAt: 0, keep: 'P1Y', now: 365 * DAY };
  test.each([
    ['is over to the millisecond', {}, undefined],
    ['is not over a millisecond before', { now: 365 * DAY - 1 }, /is kept for P1Y .* until 1971/],
    ['is not over while a record is open', { open: 1 }, /1 record has not ended/],
    ['keeps nothing where nothing was', { lastEndedAt: undefined, now: 0 }, undefined],
    ['that cannot be read is not over', { keep: 'soon' }, /is no duration/],
  ])('%s', (_, given, refusal) => {
    const look = () => assertRetentionOver({ ...facts, ...given });
    if (refusal === undefined) expect(look).not.toThrow();
    else expect(look).toThrow(refusal);
  });
});
