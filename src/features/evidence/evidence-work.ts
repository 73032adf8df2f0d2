import type { QueryResultRow } from 'pg';
import type { Database } from '../../platform/db/transaction.ts';
import { BATCH_SIZE, type MeasuredWork } from '../../platform/due/due-loop.ts';
import type { FilePlace, FileStore } from './file-store.ts';
import { UPLOAD_MINUTES } from './stored-files.ts';

type SweptRow = QueryResultRow & { readonly tenant_id: string; readonly digest: string };

const LEFT = `kept_at IS NULL
  AND claimed_at < to_timestamp($1::double precision / 1000) - interval '${UPLOAD_MINUTES} minutes'`;
/** A sweep that was killed is taken up by another one after this time. */
const FREE = `(sweeping_at IS NULL
  OR sweeping_at < to_timestamp($1::double precision / 1000) - interval '${UPLOAD_MINUTES} minutes')`;
const UPLOAD_MS = UPLOAD_MINUTES * 60_000;
/** Well before another sweep takes over: a file that came anew meanwhile must not be taken away. */
const SWEEP_MS = 10 * 60_000;

/**
 * Takes away files that were uploaded and that no event names: a refused command, or a server that
 * was killed between both; and, at its start and once an hour, what a server had begun to store when
 * it was killed. Claim, remove, forget; the store is called between the transactions.
 */
export function orphanedFiles(db: Database, store: FileStore, realNow: () => number): MeasuredWork {
  let sweptAt = 0;
  return {
    name: 'orphaned-files',
    backlog: () =>
      db.inSystem(async (tx) => {
        const [row] = await tx.query<{ waiting: number; lateness: number }>(
          `SELECT count(*)::int AS waiting, coalesce(extract(epoch FROM
             to_timestamp($1::double precision / 1000) - interval '${UPLOAD_MINUTES} minutes' - min(claimed_at)), 0)::float8 AS lateness
           FROM lapse.stored_files WHERE ${LEFT} AND ${FREE}`,
          [realNow()],
        );
        return { waiting: row?.waiting ?? 0, latenessSeconds: row?.lateness ?? 0 };
      }),
    async runBatch() {
      const began = realNow();
      if (began - sweptAt >= UPLOAD_MS) {
        await store.sweepUnfinished(began - UPLOAD_MS);
        sweptAt = began;
      }
      const rows = await db.inSystem((tx) =>
        tx.query<SweptRow>(
          `UPDATE lapse.stored_files SET sweeping_at = to_timestamp($1::double precision / 1000)
           WHERE (tenant_id, digest) IN (
             SELECT tenant_id, digest FROM lapse.stored_files WHERE ${LEFT} AND ${FREE}
             ORDER BY claimed_at LIMIT ${BATCH_SIZE} FOR UPDATE SKIP LOCKED)
           RETURNING tenant_id, digest`,
          [began],
        ),
      );
      if (rows.length === 0) return 0;
      const places = rows.map((row) => ({ tenantId: row.tenant_id, digest: row.digest }));
      const { removed, failure } = await removeAll(
        store,
        places,
        () => realNow() - began < SWEEP_MS,
      );
      await db.inSystem((tx) =>
        tx.query(
          `DELETE FROM lapse.stored_files s USING unnest($1::text[], $2::text[]) AS r(tenant_id, digest)
           WHERE s.tenant_id = r.tenant_id AND s.digest = r.digest AND s.kept_at IS NULL`,
          [removed.map(({ tenantId }) => tenantId), removed.map(({ digest }) => digest)],
        ),
      );
      if (failure) throw failure;
      return rows.length;
    },
  };
}

/** One that cannot be removed keeps no other from being removed; it is tried again later. */
async function removeAll(
  store: FileStore,
  places: readonly FilePlace[],
  isTimely: () => boolean,
): Promise<{ removed: FilePlace[]; failure: unknown }> {
  const removed: FilePlace[] = [];
  let failure: unknown;
  for (const place of places) {
    if (!isTimely()) break;
    try {
      await store.remove(place);
      removed.push(place);
    } catch (error) {
      failure = error;
    }
  }
  return { removed, failure };
}
