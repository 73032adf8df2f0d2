import { formatInstant } from '../../domain/schedule/instant.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import type { MeasuredWork } from '../../platform/due/due-loop.ts';
import { newUlid } from '../../platform/ids.ts';
import { type HeldCount, heldCountOf } from './holdings.ts';

/** Somebody who leaves. */
export interface Leaver {
  readonly person_id: string;
  readonly name: string;
  readonly email?: string;
}

/** Queues a task where somebody who leaves still answers for records; it is found by their address. */
export async function openReassignTask(
  tx: Transaction,
  tenantId: string,
  leaver: Leaver,
): Promise<void> {
  if (leaver.email === undefined) return;
  const [held] = await tx.query<HeldCount & { [column: string]: unknown }>(
    heldCountOf('$1', 'lower($2)'),
    [tenantId, leaver.email],
  );
  if (!held || held.requests + held.exceptions === 0) return;
  tx.atCommit(
    `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
     VALUES ($1, $2, 'reassign', 'person', $3, $4, $5) ON CONFLICT DO NOTHING`,
    [
      tenantId,
      `task_${newUlid()}`,
      leaver.person_id,
      detailOf(leaver, held),
      formatInstant(await tx.now),
    ],
  );
}

function detailOf({ name, person_id }: Leaver, { requests, exceptions }: HeldCount): string {
  const counts = [counted(requests, 'open request'), counted(exceptions, 'exception')];
  return `${name} has left and answers for ${counts.filter(Boolean).join(' and ')}; give them to somebody else: lapse people reassign ${person_id}`;
}

function counted(count: number, what: string): string {
  return count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** How often, in milliseconds of real time, the tasks are looked at. */
const EVERY = 2_000;
const BATCH = 200;

interface OpenTask extends HeldCount {
  readonly tenant_id: string;
  readonly task_id: string;
  readonly detail: string;
  readonly person_id: string;
  readonly name: string;
  readonly active: boolean;
}

/**
 * Ends the tasks of people who answer for nothing any more, or are back, and lets the others say how
 * much there is left. It asks what holds now, so that nothing has to be told of a change.
 */
export function reassignTasks(db: Database, realNow: () => number): MeasuredWork {
  let lookedAt = 0;
  let after = '';
  return {
    name: 'reassign-tasks',
    // What is open waits for people: none of it is late.
    backlog: async () => ({ waiting: 0, latenessSeconds: 0 }),
    async runBatch() {
      if (after === '' && realNow() - lookedAt < EVERY) return 0;
      const tasks = await db.inSystem((tx) => lookAt(tx, after));
      after = tasks.length === BATCH ? (tasks.at(-1)?.task_id ?? '') : '';
      if (after === '') lookedAt = realNow();
      return after === '' ? 0 : tasks.length;
    },
  };
}

async function lookAt(tx: Transaction, after: string): Promise<OpenTask[]> {
  const tasks = await tx.query<OpenTask & { [column: string]: unknown }>(
    `SELECT t.tenant_id, t.task_id, t.detail, p.person_id, p.state->>'name' AS name, p.active, held.*
     FROM lapse.tasks AS t
     JOIN lapse.people AS p ON p.tenant_id = t.tenant_id AND p.person_id = t.subject_id
     CROSS JOIN LATERAL (${heldCountOf('p.tenant_id', 'p.email')}) AS held
     WHERE t.kind = 'reassign' AND t.resolved_at IS NULL AND t.task_id > $1
     ORDER BY t.task_id LIMIT ${BATCH}`,
    [after],
  );
  const now = formatInstant(await tx.now);
  for (const { tenant_id, task_id, detail, active, ...leaver } of tasks) {
    if (active || leaver.requests + leaver.exceptions === 0) {
      tx.atCommit(
        `UPDATE lapse.tasks SET resolved_at = $3
         WHERE tenant_id = $1 AND task_id = $2 AND resolved_at IS NULL`,
        [tenant_id, task_id, now],
      );
      continue;
    }
    const text = detailOf(leaver, leaver);
    if (text === detail) continue;
    tx.atCommit('UPDATE lapse.tasks SET detail = $3 WHERE tenant_id = $1 AND task_id = $2', [
      tenant_id,
      task_id,
      text,
    ]);
  }
  return tasks;
}
