import type { Database } from '../../platform/db/transaction.ts';

/** What a task can be about. */
export const TASK_KINDS = [
  'quarantine',
  'ledger-diverged',
  'chain-decision',
  'review-owed',
  'approval-escalated',
  'removal',
  'reassign',
  'finding-unanswered',
  'unreached-review',
  'warning',
  'incident',
  'log-unread',
] as const;

/** How many tasks of each kind are open, in all tenants together; kinds without any are 0. */
export async function countOpenTasks(
  db: Database,
): Promise<{ readonly kind: string; readonly open: number }[]> {
  const rows = await db.inSystem((tx) =>
    tx.query<{ kind: string; open: number }>(
      'SELECT kind, count(*)::int AS open FROM lapse.tasks WHERE resolved_at IS NULL GROUP BY kind',
    ),
  );
  return TASK_KINDS.map((kind) => ({
    kind,
    open: rows.find((row) => row.kind === kind)?.open ?? 0,
  }));
}
