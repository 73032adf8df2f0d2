import { z } from 'zod';
import { AGE_BUCKETS } from '../../domain/exception/aging.ts';
import { CATEGORIES, ENVIRONMENTS } from '../../domain/exception/fields.ts';
import { RATINGS } from '../../domain/exception/register-counts.ts';

const count = z.int();
const now = z
  .string()
  .meta({ format: 'date-time' })
  .describe('the instant for which every number holds');
const tenant = z.object({ tenant_id: z.string(), name: z.string() });

const bySeverity = z
  .object({ High: count, Medium: count, Low: count, unrated: count })
  .describe('open exceptions; unrated where likelihood or impact is missing');
const byAge = z
  .object({ days_0_30: count, days_31_60: count, days_61_90: count, days_over_90: count })
  .describe('open exceptions by whole days since activation');
const openCounts = {
  open: count.describe('Active, Expiring, Extended or Expired'),
  expiring: count.describe('past the first reminder, and neither extended nor ended'),
  overdue: count.describe('Expired: past the end, and not yet shown to be over'),
};
const openBySeverity = { ...openCounts, by_severity: bySeverity };

export const summaryReport = z.object({
  now,
  tenant,
  ...openCounts,
  in_force: count.describe('Active, Expiring or Extended'),
  extended: count,
  missing_evidence: count.describe(
    'open exceptions that closing would refuse as they stand: a closure criterion has no evidence',
  ),
  missing_evidence_overdue: count.describe('those of them that are overdue'),
  drafts: count,
  under_review: count,
  approved: count.describe('approved and not active yet'),
  closed: count,
  archived: count,
  total: count,
});

export const severityReport = z.object({
  now,
  items: z.array(z.object({ severity: z.enum(RATINGS), ...openCounts, aging: byAge })),
  total: z.object({ ...openCounts, aging: byAge }),
});

export const agingReport = z.object({
  now,
  items: z.array(z.object({ age: z.enum(AGE_BUCKETS), open: count, by_severity: bySeverity })),
  total: z.object({ open: count, by_severity: bySeverity }),
});

export const domainReport = z.object({
  now,
  items: z.array(z.object({ category: z.enum([...CATEGORIES, 'none']), ...openBySeverity })),
  total: z.object(openBySeverity),
});

export const environmentReport = z.object({
  now,
  tenant,
  items: z.array(z.object({ environment: z.enum([...ENVIRONMENTS, 'none']), ...openBySeverity })),
  total: z.object(openBySeverity),
});

const byProgress = {
  pending: count.describe('Draft, Under-Review or Approved'),
  open: count,
  ended: count.describe('Closed or Archived'),
};

export const renewalsReport = z.object({
  now,
  items: z.array(
    z.object({
      renewal_number: count.describe('0: not a renewal'),
      or_more: z.boolean().describe('longer chains are counted here too'),
      ...byProgress,
    }),
  ),
  more_than_three: z.object(byProgress),
});

export type SummaryReport = z.output<typeof summaryReport>;
export type SeverityReport = z.output<typeof severityReport>;
export type AgingReport = z.output<typeof agingReport>;
export type DomainReport = z.output<typeof domainReport>;
export type EnvironmentReport = z.output<typeof environmentReport>;
export type RenewalsReport = z.output<typeof renewalsReport>;
