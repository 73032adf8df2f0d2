import { DAY, type Instant, wholeDays } from '../schedule/instant.ts';

/** Whole days since activation up to which a bucket reaches; the last one has no end (000 section 5). */
const UP_TO = [30, 60, 90] as const;

/** The buckets of ages, youngest first. */
export const AGE_BUCKETS = ['days_0_30', 'days_31_60', 'days_61_90', 'days_over_90'] as const;
export type AgeBucket = (typeof AGE_BUCKETS)[number];

/** The bucket of what was activated at an instant, at `now`. */
export function ageBucket(activatedAt: Instant, now: Instant): AgeBucket {
  const age = wholeDays(activatedAt, now);
  const limit = UP_TO.findIndex((days) => age <= days);
  return AGE_BUCKETS[limit < 0 ? UP_TO.length : limit] as AgeBucket;
}

/** The instants that part the buckets at `now`, newest first: what was activated then or before is older. */
export function ageLimits(now: Instant): Instant[] {
  return UP_TO.map((days) => now - (days + 1) * DAY);
}
