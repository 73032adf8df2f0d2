import type { QueryResultRow } from 'pg';
import type { Reader } from '../../platform/db/snapshot.ts';
import { COUNTED, countedOf, FACETS } from './exception-counts.ts';

const KINDS = `
  SELECT ${COUNTED}, 0 AS kept, count(*) AS recount
  FROM (SELECT ${countedOf('e')} FROM lapse.exceptions e WHERE e.tenant_id = $1) AS r GROUP BY ${COUNTED}
  UNION ALL SELECT ${COUNTED}, change, 0 FROM lapse.exception_count_deltas WHERE tenant_id = $1`;

const MISCOUNTED = `
  SELECT facet, value, status, severity, data_classification, sum(kept) AS kept, sum(recount) AS recount,
    count(*) OVER () AS wrong FROM (
    SELECT facet, value, status, severity, data_classification, count AS kept, 0 AS recount
    FROM lapse.exception_counts WHERE tenant_id = $1
    UNION ALL SELECT f.facet, f.value, f.status, coalesce(k.severity, 'unrated'), k.data_classification, k.kept, k.recount
    FROM (${KINDS}) AS k ${FACETS} WHERE f.value IS NOT NULL) AS c
  GROUP BY 1, 2, 3, 4, 5 HAVING sum(kept) <> sum(recount) ORDER BY 1, 2, 3, 4, 5 LIMIT 1`;

interface Miscount extends QueryResultRow {
  readonly facet: string;
  readonly value: string;
  readonly status: string;
  readonly severity: string;
  readonly data_classification: string;
  readonly kept: string;
  readonly recount: string;
  readonly wrong: number;
}

/** How many counters say something else than the register's rows, as stored, and the first of them. */
export async function miscounted(
  reader: Reader,
  tenantId: string,
): Promise<{ code: 'counter-mismatch'; message: string } | undefined> {
  const [first] = await reader.query<Miscount>(MISCOUNTED, [tenantId]);
  if (!first) return undefined;
  const { facet, value, status, severity, data_classification, kept, recount, wrong } = first;
  const which = `${facet} ${value}, ${status}, ${severity}, ${data_classification}`;
  const message = `counters that differ from the register: ${wrong}; that of ${which} says ${kept} instead of ${recount}`;
  return { code: 'counter-mismatch', message };
}
