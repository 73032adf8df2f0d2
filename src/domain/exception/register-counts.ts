import type { Instant } from '../schedule/instant.ts';
import type { AgeBucket } from './aging.ts';
import type { Severity } from './risk.ts';
import type { Status } from './status.ts';

/** Severities as reports list them, the worst first; `unrated` where likelihood or impact is missing. */
export const RATINGS = ['High', 'Medium', 'Low', 'unrated'] as const satisfies readonly (
  | Severity
  | 'unrated'
)[];
export type Rating = (typeof RATINGS)[number];

/** Longer chains of renewals are counted as this long, so that the counters stay few. */
export const LONGEST_CHAIN = 10;

/** So many records have this value of a facet, this status at the time of the read, this severity. */
export interface FacetCount {
  readonly facet: 'category' | 'environment' | 'renewal' | 'evidence';
  /** `none` where there is none; a renewal number in digits; `missing` of evidence, open records alone. */
  readonly value: string;
  readonly status: Status;
  readonly severity: Rating;
  readonly count: number;
}

/** So many open records are so old. */
export interface AgeCount {
  readonly bucket: AgeBucket;
  readonly severity: Rating;
  readonly count: number;
}

/** A tenant's register in numbers, as it stands at `now` (epoch milliseconds). */
export interface RegisterCounts {
  readonly now: Instant;
  readonly facets: readonly FacetCount[];
  readonly ages: readonly AgeCount[];
}
