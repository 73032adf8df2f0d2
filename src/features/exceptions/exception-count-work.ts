import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { BATCH_SIZE, type Backlog, type MeasuredWork } from '../../platform/due/due-loop.ts';
import { COUNTED, FACETS } from './exception-counts.ts';

/**
 * Adds the deltas of counters up into the counts, so that a read has few of them to add. Whatever it
 * has not come to yet counts all the same: it may be as late as it likes.
 */
export function exceptionCounts(db: Database): MeasuredWork {
  return {
    name: 'exception-counts',
    runBatch: () => db.inSystem(addUp),
    backlog: () => db.inSystem(deltasLeft),
  };
}

// Another replica's batch may hold the same deltas: then this one waits, and finds them gone. In the
// order of the key, so that two batches cannot wait for each other.
const ADD_UP = `WITH taken AS (
    DELETE FROM lapse.exception_count_deltas
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM lapse.exception_count_deltas LIMIT ${BATCH_SIZE}))
    RETURNING tenant_id, ${COUNTED}, change
  ), added AS (
    INSERT INTO lapse.exception_counts AS c (tenant_id, facet, value, status, severity, data_classification, count)
    SELECT k.tenant_id, f.facet, f.value, f.status, coalesce(k.severity, 'unrated') AS severity,
      k.data_classification, sum(k.change)
    FROM taken k ${FACETS} WHERE f.value IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(k.change) <> 0 ORDER BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (tenant_id, facet, value, status, severity, data_classification) DO UPDATE SET count = c.count + EXCLUDED.count
    RETURNING c.*
  )
  SELECT (SELECT count(*) FROM taken) AS taken,
    (SELECT jsonb_agg(to_jsonb(added)) FROM added WHERE count = 0) AS empty`;

// Every day has its own rows: without this they would pile up for ever.
const DROP_EMPTY = `DELETE FROM lapse.exception_counts c
  USING jsonb_to_recordset($1::jsonb) AS e(tenant_id text, facet text, value text, status text, severity text,
    data_classification text)
  WHERE c.count = 0 AND c.tenant_id = e.tenant_id AND c.facet = e.facet AND c.value = e.value
    AND c.status = e.status AND c.severity = e.severity AND c.data_classification = e.data_classification`;

async function addUp(tx: Transaction): Promise<number> {
  const [row] = await tx.query<{ taken: number; empty: unknown[] | null }>(ADD_UP);
  if (row?.empty) tx.atCommit(DROP_EMPTY, [JSON.stringify(row.empty)]);
  return row?.taken ?? 0;
}

/** Deltas are never late: reads add those that are left. */
async function deltasLeft(tx: Transaction): Promise<Backlog> {
  const [row] = await tx.query<{ waiting: number }>(
    'SELECT count(*)::int AS waiting FROM lapse.exception_count_deltas',
  );
  return { waiting: row?.waiting ?? 0, latenessSeconds: 0 };
}
