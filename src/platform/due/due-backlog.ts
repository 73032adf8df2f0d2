import type { Database } from '../db/transaction.ts';
import type { Backlog } from './due-loop.ts';

/** The column that says when a row is due, and which rows are to be done at all, by table. */
const DUE = {
  exception_deadlines: { column: 'next_due_at', isOpen: 'quarantined_at IS NULL' },
  exception_link_work: { column: 'next_at', isOpen: 'true' },
  grant_work: { column: 'next_due_at', isOpen: 'quarantined_at IS NULL' },
  finding_work: { column: 'next_due_at', isOpen: 'quarantined_at IS NULL' },
  reconciliation_scopes: { column: 'next_due_at', isOpen: "state = 'waiting'" },
  audit_feeds: { column: 'next_due_at', isOpen: 'true' },
  audit_events: { column: 'next_due_at', isOpen: 'true' },
} as const;

/** How many rows of a table are due in the domain's time, and for how long the oldest has been. */
export function dueBacklog(db: Database, table: keyof typeof DUE): Promise<Backlog> {
  const { column, isOpen } = DUE[table];
  return db.inSystem(async (tx) => {
    const [row] = await tx.query<{ waiting: number; lateness: number }>(
      `SELECT count(*)::int AS waiting,
         coalesce(extract(epoch FROM to_timestamp($1::double precision / 1000) - min(${column})), 0)::float8 AS lateness
       FROM lapse.${table} WHERE ${isOpen} AND ${column} <= to_timestamp($1::double precision / 1000)`,
      [await tx.now],
    );
    return { waiting: row?.waiting ?? 0, latenessSeconds: row?.lateness ?? 0 };
  });
}
