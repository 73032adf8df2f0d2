import { AGE_BUCKETS, type AgeBucket } from '../../domain/exception/aging.ts';
import { CATEGORIES, ENVIRONMENTS } from '../../domain/exception/fields.ts';
import {
  type AgeCount,
  type FacetCount,
  LONGEST_CHAIN,
  RATINGS,
  type Rating,
} from '../../domain/exception/register-counts.ts';
import { IN_FORCE, OPEN, type Status } from '../../domain/exception/status.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import type {
  AgingReport,
  DomainReport,
  EnvironmentReport,
  RenewalsReport,
  SeverityReport,
  SummaryReport,
} from './report-schemas.ts';
import type { CountedTenant } from './report-views.ts';

type Facet = FacetCount['facet'];

/** How many there are, by status and altogether. */
export function summary({ tenant, counts }: CountedTenant): SummaryReport {
  const all = facet(counts.facets, 'category');
  const missing = facet(counts.facets, 'evidence');
  return {
    now: formatInstant(counts.now),
    tenant,
    ...openCounts(all),
    in_force: sum(inStatus(all, IN_FORCE)),
    extended: sum(inStatus(all, ['Extended'])),
    missing_evidence: sum(missing),
    missing_evidence_overdue: sum(inStatus(missing, ['Expired'])),
    drafts: sum(inStatus(all, ['Draft'])),
    under_review: sum(inStatus(all, ['Under-Review'])),
    approved: sum(inStatus(all, ['Approved'])),
    closed: sum(inStatus(all, ['Closed'])),
    archived: sum(inStatus(all, ['Archived'])),
    total: sum(all),
  };
}

/** Open exceptions by severity, each with its ages (000 section 5). */
export function severity({ counts }: CountedTenant): SeverityReport {
  const all = facet(counts.facets, 'category');
  const of = (rating: Rating) => (row: { readonly severity: Rating }) => row.severity === rating;
  return {
    now: formatInstant(counts.now),
    items: RATINGS.map((rating) => ({
      severity: rating,
      ...openCounts(all.filter(of(rating))),
      aging: byAge(counts.ages.filter(of(rating))),
    })),
    total: { ...openCounts(all), aging: byAge(counts.ages) },
  };
}

/** Open exceptions by age, each bucket with its severities (000 section 5). */
export function aging({ counts }: CountedTenant): AgingReport {
  const part = (rows: readonly AgeCount[]) => ({ open: sum(rows), by_severity: bySeverity(rows) });
  return {
    now: formatInstant(counts.now),
    items: AGE_BUCKETS.map((age) => ({
      age,
      ...part(counts.ages.filter(({ bucket }) => bucket === age)),
    })),
    total: part(counts.ages),
  };
}

/** Open exceptions by domain: the category of the register (000 section 5). */
export function domain({ counts }: CountedTenant): DomainReport {
  const all = facet(counts.facets, 'category');
  return {
    now: formatInstant(counts.now),
    items: [...CATEGORIES, 'none' as const].map((category) => ({
      category,
      ...openBySeverity(all.filter(({ value }) => value === category)),
    })),
    total: openBySeverity(all),
  };
}

/** Open exceptions by environment, of this tenant (000 section 5). */
export function environment({ tenant, counts }: CountedTenant): EnvironmentReport {
  const all = facet(counts.facets, 'environment');
  return {
    now: formatInstant(counts.now),
    tenant,
    items: [...ENVIRONMENTS, 'none' as const].map((name) => ({
      environment: name,
      ...openBySeverity(all.filter(({ value }) => value === name)),
    })),
    total: openBySeverity(all),
  };
}

/** Numbers up to this one always have a line; the third is where approval reaches the executives (002). */
const ALWAYS_LISTED = 4;

/** Exceptions by their number in a chain of renewals. */
export function renewals({ counts }: CountedTenant): RenewalsReport {
  const all = facet(counts.facets, 'renewal');
  const longest = Math.max(ALWAYS_LISTED, ...all.map(({ value }) => Number(value)));
  return {
    now: formatInstant(counts.now),
    items: Array.from({ length: longest + 1 }, (_, number) => ({
      renewal_number: number,
      or_more: number === LONGEST_CHAIN,
      ...byProgress(all.filter(({ value }) => Number(value) === number)),
    })),
    more_than_three: byProgress(all.filter(({ value }) => Number(value) > 3)),
  };
}

function facet(facets: readonly FacetCount[], name: Facet): FacetCount[] {
  return facets.filter((row) => row.facet === name);
}

function inStatus(rows: readonly FacetCount[], statuses: readonly Status[]): FacetCount[] {
  return rows.filter(({ status }) => statuses.includes(status));
}

function sum(rows: readonly { readonly count: number }[]): number {
  return rows.reduce((total, { count }) => total + count, 0);
}

function openCounts(rows: readonly FacetCount[]) {
  return {
    open: sum(inStatus(rows, OPEN)),
    expiring: sum(inStatus(rows, ['Expiring'])),
    overdue: sum(inStatus(rows, ['Expired'])),
  };
}

function openBySeverity(rows: readonly FacetCount[]) {
  return { ...openCounts(rows), by_severity: bySeverity(inStatus(rows, OPEN)) };
}

function byProgress(rows: readonly FacetCount[]) {
  return {
    pending: sum(inStatus(rows, ['Draft', 'Under-Review', 'Approved'])),
    open: sum(inStatus(rows, OPEN)),
    ended: sum(inStatus(rows, ['Closed', 'Archived'])),
  };
}

function bySeverity(
  rows: readonly { readonly severity: Rating; readonly count: number }[],
): Record<Rating, number> {
  return tally(RATINGS, rows, ({ severity: rating }) => rating);
}

function byAge(rows: readonly AgeCount[]): Record<AgeBucket, number> {
  return tally(AGE_BUCKETS, rows, ({ bucket }) => bucket);
}

function tally<Key extends string, Row extends { readonly count: number }>(
  keys: readonly Key[],
  rows: readonly Row[],
  keyOf: (row: Row) => Key,
): Record<Key, number> {
  const counts = keys.map((key) => [key, sum(rows.filter((row) => keyOf(row) === key))]);
  return Object.fromEntries(counts) as Record<Key, number>;
}
