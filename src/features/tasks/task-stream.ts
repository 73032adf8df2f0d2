import { plainStream } from '../../journal/plain-stream.ts';
import type { StreamState } from '../../journal/stream.ts';
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

/** The stream of what people have done with a task, which bears the task's id, and its row. */
export const taskStream = plainStream<TaskSubject, TaskEvent>({
  type: 'task',
  table: 'task_acts',
  id: 'task_id',
  versions: { TaskRetried: 1, TaskResolved: 1 },
  evolve: (_, { data: { kind, subject_type, subject_id } }) => ({ kind, subject_type, subject_id }),
});

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
