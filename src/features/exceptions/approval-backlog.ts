import type { Database } from '../../platform/db/transaction.ts';
import type { Backlog } from '../../platform/due/due-loop.ts';

/** What waits for approvals in all tenants together, and how long the oldest has, by the domain's time. */
export function approvalBacklog(db: Database): Promise<Backlog> {
  return db.inSystem(async (tx) => {
    const [row] = await tx.query<{ waiting: number; waited: number }>(
      `SELECT count(*)::int AS waiting,
         coalesce(extract(epoch FROM to_timestamp($1::double precision / 1000) - min(awaited_since)), 0)::float8 AS waited
       FROM lapse.exceptions WHERE awaited_since < 'infinity'`,
      [await tx.now],
    );
    return { waiting: row?.waiting ?? 0, latenessSeconds: row?.waited ?? 0 };
  });
}
