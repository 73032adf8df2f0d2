import { LONGEST_CHAIN } from '../../domain/exception/register-counts.ts';
import { OPEN } from '../../domain/exception/status.ts';

/** Literals: an index of open records is used only where the planner reads which those are. */
export const OPEN_STATUSES = `(${OPEN.map((status) => `'${status}'`).join(', ')})`;

/** The columns of `lapse.exception_count_deltas` that say which records were counted. */
export const COUNTED =
  'status, severity, category, environment, data_classification, renewal_number, lacks_evidence, activated_on';

/** What is counted of rows with the columns of `lapse.exceptions`: the values of {@link COUNTED}. */
export function countedOf(row: string): string {
  const open = `${row}.status IN ${OPEN_STATUSES}`;
  return `${row}.status, ${row}.severity, ${row}.category, ${row}.environment,
    coalesce(${row}.data_classification, 'internal') AS data_classification,
    least(${row}.renewal_number, ${LONGEST_CHAIN}) AS renewal_number,
    ${open} AND ${row}.lacks_evidence AS lacks_evidence,
    CASE WHEN ${open} THEN (${row}.activated_at AT TIME ZONE 'UTC')::date END AS activated_on`;
}

/**
 * The facets that a counted row `k` has a part in, as rows `f (facet, value, status)`. Apart, since
 * all properties together have as many values as there are records.
 */
export const FACETS = `CROSS JOIN LATERAL (VALUES
    ('category', coalesce(k.category, 'none'), k.status),
    ('environment', coalesce(k.environment, 'none'), k.status),
    ('renewal', k.renewal_number::text, k.status),
    ('evidence', CASE WHEN k.lacks_evidence THEN 'missing' END, k.status),
    ('activation', k.activated_on::text, 'open')
  ) AS f(facet, value, status)`;

function deltasOf(rows: string): string {
  return `counted AS (
    INSERT INTO lapse.exception_count_deltas (tenant_id, ${COUNTED}, change)
    SELECT tenant_id, ${COUNTED}, sum(change) FROM (${rows}) AS c
    GROUP BY tenant_id, ${COUNTED} HAVING sum(change) <> 0
  )`;
}

const ADDED = `SELECT new.tenant_id, ${countedOf('new')}, 1 AS change FROM new`;

/** Counts the records that a statement creates; `new` are their rows. */
export const COUNT_CREATED = deltasOf(ADDED);

/**
 * Counts the records that a statement changes, as they are after it and no longer as they were. The
 * row before is the stored one: all parts of a statement see the rows as it found them.
 */
export const COUNT_CHANGED = deltasOf(`${ADDED} UNION ALL
      SELECT e.tenant_id, ${countedOf('e')}, -1 FROM lapse.exceptions e JOIN new
        ON e.tenant_id = new.tenant_id AND e.exception_id = new.exception_id`);
