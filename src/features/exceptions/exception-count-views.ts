import { expressionBuilder, sql } from 'kysely';
import { AGE_BUCKETS, type AgeBucket, ageLimits } from '../../domain/exception/aging.ts';
import type {
  AgeCount,
  FacetCount,
  Rating,
  RegisterCounts,
} from '../../domain/exception/register-counts.ts';
import { STATUSES, type Status } from '../../domain/exception/status.ts';
import { formatInstant, type Instant } from '../../domain/schedule/instant.ts';
import { sqlBuilder, type Tables } from '../../platform/db/query-builder.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { COUNTED, countedOf, FACETS, OPEN_STATUSES } from './exception-counts.ts';
import { isLate, statusAt } from './exception-status.ts';

interface CountRow {
  readonly [column: string]: unknown;
  readonly facet: FacetCount['facet'] | 'activation';
  readonly value: string;
  readonly status: Status;
  readonly severity: Rating;
  readonly count: number;
}

/** Reads the counters, of what the transaction may see, exact at its time whatever the last sweep and the last batch saw. */
export async function countRegister(tx: Transaction, tenantId: string): Promise<RegisterCounts> {
  const now = await tx.now;
  // Its text is always the same, so that it stays prepared.
  const { sql: text, parameters } = countQuery(tenantId, now).compile(sqlBuilder);
  const rows = await tx.query<CountRow>(text, parameters);
  const facets: FacetCount[] = [];
  const ages: AgeCount[] = [];
  for (const { facet, value, status, severity, count } of rows) {
    if (facet !== 'activation') facets.push({ facet, value, status, severity, count });
    else ages.push({ bucket: AGE_BUCKETS[Number(value)] as AgeBucket, severity, count });
  }
  return { now, facets, ages };
}

/**
 * One statement, so that all of it is of one moment: counts and deltas; records that time has moved
 * on and no sweep has come to, taken out as they are stored and put in as they are; and by age the
 * days in whole, with those records put right that pass a limit of ages on this very day.
 */
function countQuery(tenantId: string, now: Instant) {
  const at = formatInstant(now);
  const [month = at, twoMonths = at, threeMonths = at] = ageLimits(now).map(formatInstant);
  const tenant = sql`${tenantId}::text`;
  const day = (instant: string) => sql`${instant.slice(0, 10)}::text`;
  return sql<CountRow>`
    WITH limits (older, at) AS (
      VALUES (1, ${month}::timestamptz), (2, ${twoMonths}::timestamptz), (3, ${threeMonths}::timestamptz)
    ), late AS MATERIALIZED (
      SELECT status, severity, category, environment, data_classification, renewal_number, lacks_evidence, activated_at,
        ${statusNow(at)} AS status_now,
        CASE status WHEN 'Approved' THEN activates_at ELSE activated_at END AS activated_now
      FROM lapse.exceptions WHERE tenant_id = ${tenant} AND ${isLate(tenantId, at)}
    ), moved AS (
      SELECT status, severity, category, environment, data_classification, renewal_number, lacks_evidence, activated_at, -1 AS change
      FROM late UNION ALL
      SELECT status_now, severity, category, environment, data_classification, renewal_number, lacks_evidence, activated_now, 1 FROM late
    ), counted AS (
      SELECT ${sql.raw(COUNTED)}, sum(change) AS change FROM (
        SELECT ${sql.raw(COUNTED)}, change FROM lapse.exception_count_deltas WHERE tenant_id = ${tenant}
        UNION ALL SELECT ${sql.raw(countedOf('moved'))}, change FROM moved) AS c
      GROUP BY ${sql.raw(COUNTED)}
    ), facets AS (
      SELECT facet, value, status, severity, count FROM lapse.exception_counts WHERE tenant_id = ${tenant}
      UNION ALL SELECT f.facet, f.value, f.status, coalesce(k.severity, 'unrated'), k.change
      FROM counted k ${sql.raw(FACETS)} WHERE f.value IS NOT NULL
    ), passing AS (
      SELECT l.older, coalesce(r.severity, 'unrated') AS severity, sum(r.change) AS count
      FROM limits l CROSS JOIN LATERAL (
        SELECT severity, 1 AS change FROM lapse.exceptions
        WHERE tenant_id = ${tenant} AND status IN ${sql.raw(OPEN_STATUSES)}
          AND activated_at >= date_trunc('day', l.at, 'UTC') AND activated_at <= l.at
        UNION ALL SELECT severity, change FROM moved
        WHERE status IN ${sql.raw(OPEN_STATUSES)}
          AND activated_at >= date_trunc('day', l.at, 'UTC') AND activated_at <= l.at) AS r
      GROUP BY 1, 2
    )
    SELECT facet, value, status, severity, sum(count)::int AS count FROM (
      SELECT facet, CASE WHEN facet <> 'activation' THEN value
          WHEN value < ${day(threeMonths)} THEN '3' WHEN value < ${day(twoMonths)} THEN '2'
          WHEN value < ${day(month)} THEN '1' ELSE '0' END AS value, status, severity, count FROM facets
      UNION ALL SELECT 'activation', older::text, 'open', severity, count FROM passing
      UNION ALL SELECT 'activation', (older - 1)::text, 'open', severity, -count FROM passing
    ) AS c GROUP BY 1, 2, 3, 4`;
}

/** The status at an instant as one expression: the lists' own conditions, each status in turn. */
function statusNow(at: string) {
  const eb = expressionBuilder<Tables, 'exceptions'>();
  const cases = STATUSES.map(
    (status) => sql`WHEN ${statusAt(eb, status, at)} THEN ${sql.lit(status)}`,
  );
  return sql`CASE ${sql.join(cases, sql` `)} ELSE status END`;
}
