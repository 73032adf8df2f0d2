import type { Client } from 'pg';
import { COUNTED, countedOf, FACETS } from '../../src/features/exceptions/exception-counts.ts';
import { COLUMNS } from '../../src/features/exceptions/exception-store-write.ts';

const BATCH = 50_000;

/**
 * Fills a tenant's register up to so many records of all kinds, set-wise and as superuser: 40 % open,
 * activated at any millisecond of the last 180 days, none due. Reports never read states, so there
 * are none (real ones lie out of line). Their counts are those that adding up would have given.
 */
export async function fillRegister(
  admin: Client,
  tenantId: string,
  { from, to }: { readonly from: number; readonly to: number },
  progress: (done: number) => void,
): Promise<void> {
  for (let first = from; first < to; first += BATCH) {
    const last = Math.min(first + BATCH, to);
    await admin.query('BEGIN');
    await admin.query(RECORDS, [tenantId, first, last - 1]);
    await admin.query(DEADLINES, [tenantId, id(first), id(last)]);
    await admin.query('COMMIT');
    progress(last);
  }
  await admin.query('DELETE FROM lapse.exception_count_deltas WHERE tenant_id = $1', [tenantId]);
  await admin.query('DELETE FROM lapse.exception_counts WHERE tenant_id = $1', [tenantId]);
  await admin.query(COUNTS, [tenantId]);
}

function id(number: number): string {
  return `EXC_${String(number).padStart(26, '0')}`;
}

const RECORDS = `
  INSERT INTO lapse.exceptions (${COLUMNS})
  SELECT $1, 'EXC_' || lpad(n::text, 26, '0'), 1, '{}', '{}', status, 'time-boxed',
    'Exception ' || n, (ARRAY['authz', 'network', 'data', 'ai', 'release', 'vendor', 'other'])[1 + n % 7],
    'firewall', (ARRAY['dev', 'staging', 'prod', 'prod'])[1 + n / 7 % 4], 'internal',
    (ARRAY['High', 'Medium', 'Medium', 'Low', NULL])[1 + n / 28 % 5], 'someone' || n % 500 || '@example.com',
    born, born, 'infinity', 'infinity', clock_timestamp() + n % 90 * interval '1 day',
    CASE WHEN status IN ('Draft', 'Expired', 'Archived') THEN 'infinity'
      ELSE clock_timestamp() + (1 + n % 60) * interval '1 day' END, false,
    CASE WHEN status IN ('Draft', 'Under-Review', 'Approved') THEN 'infinity' ELSE born END,
    CASE WHEN n % 10 = 0 THEN n / 10 % 6 ELSE 0 END, n % 3 > 0
  FROM (
    SELECT n, clock_timestamp() - random() * interval '180 days' AS born, (CASE
      WHEN n * 7919 % 100 < 24 THEN 'Active' WHEN n * 7919 % 100 < 30 THEN 'Expiring'
      WHEN n * 7919 % 100 < 32 THEN 'Extended' WHEN n * 7919 % 100 < 40 THEN 'Expired'
      WHEN n * 7919 % 100 < 46 THEN 'Draft' WHEN n * 7919 % 100 < 50 THEN 'Under-Review'
      WHEN n * 7919 % 100 < 52 THEN 'Approved' WHEN n * 7919 % 100 < 70 THEN 'Closed'
      ELSE 'Archived' END) AS status
    FROM generate_series($2::bigint, $3::bigint) AS n) AS r`;

const DEADLINES = `
  INSERT INTO lapse.exception_deadlines (tenant_id, exception_id, next_due_at)
  SELECT tenant_id, exception_id, due_at FROM lapse.exceptions
  WHERE tenant_id = $1 AND exception_id >= $2 AND exception_id < $3 AND due_at < 'infinity'`;

const COUNTS = `
  INSERT INTO lapse.exception_counts (tenant_id, facet, value, status, severity, count)
  SELECT k.tenant_id, f.facet, f.value, f.status, coalesce(k.severity, 'unrated'), sum(k.change)
  FROM (SELECT tenant_id, ${COUNTED}, count(*) AS change
        FROM (SELECT e.tenant_id, ${countedOf('e')} FROM lapse.exceptions e WHERE e.tenant_id = $1) AS c
        GROUP BY tenant_id, ${COUNTED}) AS k ${FACETS}
  WHERE f.value IS NOT NULL GROUP BY 1, 2, 3, 4, 5`;
