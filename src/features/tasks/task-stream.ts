import type { ProjectedRow, StreamChange, StreamKind, StreamState } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';

/** What a task was about. Its words stay out: they may tell of a record. */
export interface TaskSubject {
  readonly kind: string;
  readonly subject_type: string;
  readonly subject_id: string;
}

/** What people have done with a task; what ends of itself has no event. */
export type TaskEvent =
  | { readonly type: 'TaskRetried'; readonly data: TaskSubject }
  | { readonly type: 'TaskResolved'; readonly data: TaskSubject };

const TYPES: readonly string[] = ['TaskRetried', 'TaskResolved'];

/** The stream of what people have done with a task, which bears the task's id, and its row. */
export const taskStream: StreamKind<TaskSubject, TaskEvent> = {
  type: 'task',
  upcast(type, version, data) {
    if (TYPES.includes(type) && version === 1) return { type, data } as TaskEvent;
    throw new Error(`unknown event ${type} version ${version}`);
  },
  versionOf: () => 1,
  evolve: (_, { data: { kind, subject_type, subject_id } }) => ({ kind, subject_type, subject_id }),
  write,
  tables: [{ table: 'task_acts', id: 'task_id', columns: ['version', 'state'] }],
  project: ({ version, state }: StreamState<TaskSubject>): ProjectedRow[][] => [
    [[String(version), state]],
  ],
};

function write(tx: Transaction, changes: readonly StreamChange<TaskSubject>[]): void {
  const rows = changes.map(({ tenantId, id, version, state }) => ({
    ...{ tenant_id: tenantId, task_id: id, version, state },
  }));
  tx.atCommit(
    `INSERT INTO lapse.task_acts (tenant_id, task_id, version, state)
     SELECT tenant_id, task_id, version, state
     FROM json_to_recordset($1::json) AS r(tenant_id text, task_id text, version int, state json)
     ON CONFLICT (tenant_id, task_id) DO UPDATE SET version = EXCLUDED.version, state = EXCLUDED.state`,
    [JSON.stringify(rows)],
  );
}

/** What has been done with a task before; nothing, mostly. */
export async function readTaskActs(
  tx: Transaction,
  tenantId: string,
  taskId: string,
): Promise<StreamState<TaskSubject> | undefined> {
  const [row] = await tx.query<{ version: number; state: TaskSubject }>(
    'SELECT version, state FROM lapse.task_acts WHERE tenant_id = $1 AND task_id = $2',
    [tenantId, taskId],
  );
  return row && { tenantId, id: taskId, version: row.version, state: row.state };
}
