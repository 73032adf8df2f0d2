import type { Database, Transaction } from '../db/transaction.ts';
import type { Backlog, MeasuredWork } from './due-loop.ts';

/** Idempotency rows live 72 hours (DESIGN section 2, Transactions). */
const KEPT_FOR = '72 hours';
const BATCH = 1_000;
/** How often, in milliseconds of real time, there is something to do. */
const EVERY = 2_000;

/**
 * Says that this worker is alive, which readiness asks for, and forgets answers that are too old to
 * be asked for again. Heartbeats are in real time: they tell of processes, not of records.
 */
export function housekeeping(
  db: Database,
  workerId: string,
  realNow: () => number = Date.now,
): MeasuredWork {
  let doneAt = 0;
  return {
    name: 'housekeeping',
    backlog: () => db.inSystem(async (tx) => forgettable(tx, await tx.now)),
    async runBatch() {
      if (realNow() - doneAt < EVERY) return 0;
      const forgotten = await db.inSystem(async (tx) => {
        const rows = await tx.query(
          `DELETE FROM lapse.idempotency WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM lapse.idempotency
             WHERE created_at < to_timestamp($1::double precision / 1000) - interval '${KEPT_FOR}'
             ORDER BY created_at LIMIT ${BATCH}))
           RETURNING 1`,
          [await tx.now],
        );
        tx.atCommit(
          `INSERT INTO lapse.worker_heartbeats (worker_id, seen_at) VALUES ($1, clock_timestamp())
           ON CONFLICT (worker_id) DO UPDATE SET seen_at = EXCLUDED.seen_at`,
          [workerId],
        );
        tx.atCommit(
          "DELETE FROM lapse.worker_heartbeats WHERE seen_at < clock_timestamp() - interval '1 day'",
          [],
        );
        return rows.length;
      });
      // A full batch: there may be more, and it must not wait, or busy days would outrun it.
      if (forgotten === BATCH) return forgotten;
      doneAt = realNow();
      return 0;
    },
  };
}

/** Answers that are too old; counted up to a limit, since nobody needs to know exactly how many. */
async function forgettable(tx: Transaction, now: number): Promise<Backlog> {
  const [row] = await tx.query<{ waiting: number; lateness: number }>(
    `SELECT count(*)::int AS waiting,
       coalesce(extract(epoch FROM to_timestamp($1::double precision / 1000) - interval '${KEPT_FOR}' - min(created_at)), 0)::float8 AS lateness
     FROM (SELECT created_at FROM lapse.idempotency
       WHERE created_at < to_timestamp($1::double precision / 1000) - interval '${KEPT_FOR}'
       ORDER BY created_at LIMIT ${10 * BATCH}) AS old`,
    [now],
  );
  return { waiting: row?.waiting ?? 0, latenessSeconds: row?.lateness ?? 0 };
}
