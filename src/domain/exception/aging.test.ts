import { describe, expect, it } from 'vitest';
import { DAY } from '../schedule/instant.ts';
import { ageBucket, ageLimits } from './aging.ts';

const NOW = 1_767_225_600_000 + 12_345_678;

describe('the buckets of ages', () => {
  it.each([
    [0, 'days_0_30'],
    [30, 'days_0_30'],
    [31, 'days_31_60'],
    [60, 'days_31_60'],
    [61, 'days_61_90'],
    [90, 'days_61_90'],
    [91, 'days_over_90'],
    [4_000, 'days_over_90'],
  ])('hold an age of %i whole days in %s', (days, bucket) => {
    expect(ageBucket(NOW - days * DAY, NOW)).toBe(bucket);
    expect(ageBucket(NOW - days * DAY - (DAY - 1), NOW)).toBe(bucket);
  });

  it('begin with what is activated later than now', () => {
    expect(ageBucket(NOW + 5 * DAY, NOW)).toBe('days_0_30');
  });

  it('are parted by the instants at which an age passes a limit', () => {
    const older = ageLimits(NOW).map((at) => ageBucket(at, NOW));
    const younger = ageLimits(NOW).map((at) => ageBucket(at + 1, NOW));
    expect(older).toEqual(['days_31_60', 'days_61_90', 'days_over_90']);
    expect(younger).toEqual(['days_0_30', 'days_31_60', 'days_61_90']);
  });
});
