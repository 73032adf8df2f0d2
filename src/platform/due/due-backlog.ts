import type { Database } from '../db/transaction.ts';
import type { Backlog } from './due-loop.ts';

/** The columns that say when a row is due, by their table. */
type DueTable =
  | { readonly table: 'exception_link_work'; readonly column: 'next_at' }
  | { readonly table: 'audit_feeds' | 'audit_events'; readonly column: 'next_due_at' };

/** How many rows of a table are due in the domain's time, and for how long the oldest has been. */
export function dueBacklog(db: Database, { table, column }: DueTable): Promise<Backlog> {
  return db.inSystem(async (tx) => {
    const [row] = await tx.query<{ waiting: number; lateness: number }>(
      `SELECT count(*)::int AS waiting,
         coalesce(extract(epoch FROM to_timestamp($1::double precision / 1000) - min(${column})), 0)::float8 AS lateness
       FROM lapse.${table} WHERE ${column} <= to_timestamp($1::double precision / 1000)`,
      [await tx.now],
    );
    return { waiting: row?.waiting ?? 0, latenessSeconds: row?.lateness ?? 0 };
  });
}
