import { addMonths, DAY, HOUR, type Instant } from '../schedule/instant.ts';

/** Why a comparison is made. */
export const CAUSES = ['scheduled', 'asked', 'after-outage'] as const;
export type Cause = (typeof CAUSES)[number];

/** What the schedule of a tenant goes by. */
export interface ScheduleFacts {
  readonly now: Instant;
  /** `reconciliation.every` of the pack in force, added to an instant. */
  readonly addEvery: (from: Instant) => Instant;
  /** When the last comparison began; absent where there was none. */
  readonly lastBegan: Instant | undefined;
  readonly isUnderWay: boolean;
  readonly hasConnection: boolean;
  /** A connection works again after failures. */
  readonly isAfterOutage: boolean;
}

/** Whether a tenant is to be compared now, and when this is to be asked again. */
export interface ScheduleDecision {
  readonly start?: Exclude<Cause, 'asked'>;
  readonly askAgainAt: Instant;
}

/**
 * Asked at least once a day, so that another pack, or a connection that came meanwhile, has its effect
 * without anything having to tell.
 */
export function decideSchedule(facts: ScheduleFacts): ScheduleDecision {
  const { now, addEvery, lastBegan, isUnderWay, hasConnection, isAfterOutage } = facts;
  const tomorrow = now + DAY;
  if (!hasConnection) return { askAgainAt: tomorrow };
  if (isUnderWay) return { askAgainAt: now + HOUR };
  const next = lastBegan === undefined ? now : addEvery(lastBegan);
  if (isAfterOutage)
    return { start: 'after-outage', askAgainAt: Math.min(addEvery(now), tomorrow) };
  if (next <= now) return { start: 'scheduled', askAgainAt: Math.min(addEvery(now), tomorrow) };
  return { askAgainAt: Math.min(next, tomorrow) };
}

/**
 * Whether what no connection reaches is to be reviewed by hand: once a month (002, Azure Defender:
 * manual review).
 */
export function isReviewDue(lastAskedAt: Instant | undefined, now: Instant): boolean {
  return lastAskedAt === undefined || addMonths(lastAskedAt, 1) <= now;
}
