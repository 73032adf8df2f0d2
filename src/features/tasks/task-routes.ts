import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Actor } from '../../domain/access/actor.ts';
import { DomainError } from '../../domain/errors.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import { record } from '../../journal/journal.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import { type PageRequest, pageOf, pageParameters, readPage } from '../../platform/http/paging.ts';
import { TASK_KINDS } from './open-tasks.ts';
import { readTaskActs, type TaskEvent, taskStream } from './task-stream.ts';

const taskAnswer = z.object({
  task_id: z.string(),
  kind: z.enum(TASK_KINDS),
  subject_type: z.string(),
  subject_id: z.string(),
  detail: z.string(),
  opened_at: z.string(),
  resolved_at: z.string().nullable(),
  resolved_by: z.string().nullable(),
});

interface TaskRow {
  readonly task_id: string;
  readonly kind: string;
  readonly subject_type: string;
  readonly subject_id: string;
  readonly detail: string;
  readonly opened_at: Date;
  readonly resolved_at: Date | null;
  readonly resolved_by: string | null;
}

const tags = ['tasks'];

/** `/v1/tasks`: what the machine could not go on with, for a person to look at. */
export function addTaskRoutes(app: FastifyInstance, db: Database): void {
  app.get(
    '/tasks',
    {
      config: { permission: 'task:read' },
      schema: {
        tags,
        summary: 'Open tasks, newest first; with all=true those that are resolved too',
        querystring: z.strictObject({
          all: z.enum(['true', 'false']).optional(),
          ...pageParameters,
        }),
        response: { 200: pageOf(taskAnswer) },
      },
    },
    async (request) => {
      const { tenantId } = request.principal;
      const { all, ...page } = request.query as PageRequest & { all?: string };
      const { items, next_cursor } = await db.inTenant(request.principal, (tx) =>
        readPage(
          'tasks',
          page,
          ({ task_id }: TaskRow) => task_id,
          (after, count) =>
            tx.query<TaskRow & { [column: string]: unknown }>(
              `SELECT task_id, kind, subject_type, subject_id, detail, opened_at, resolved_at, resolved_by
             FROM lapse.tasks
             WHERE tenant_id = $1 AND ($2 OR resolved_at IS NULL) AND ($3::text IS NULL OR task_id < $3)
             ORDER BY task_id DESC LIMIT $4`,
              [tenantId, all === 'true', after ?? null, count],
            ),
        ),
      );
      return { items: items.map(toAnswer), next_cursor };
    },
  );

  for (const [name, { summary, ...act }] of Object.entries(CHANGES)) {
    app.post(
      `/tasks/:id/${name}`,
      {
        config: { permission: 'task:retry' },
        schema: {
          tags,
          summary,
          params: z.object({ id: z.string().regex(/^[\w-]{1,64}$/, 'is not an id') }),
          response: { 200: taskAnswer },
        },
      },
      async (request) => {
        const { tenantId, actor } = request.principal;
        const { id } = request.params as { id: string };
        const idempotency = idempotencyOf(request, actor.id);
        const wanted = { tenantId, taskId: id, actor, idempotency };
        return toAnswer(await db.inTenant(request.principal, (tx) => resolve(tx, wanted, act)));
      },
    );
  }
}

/** Where a quarantine stands, by what it is about. */
const QUARANTINES: Readonly<Record<string, readonly [table: string, id: string]>> & {
  readonly exception: readonly [string, string];
} = {
  exception: ['exception_deadlines', 'exception_id'],
  grant: ['grant_work', 'grant_id'],
  finding: ['finding_work', 'finding_id'],
};

/** Tasks of which nobody but a person knows that they are done. */
const BY_HAND: ReadonlySet<string> = new Set(['reassign', 'unreached-review']);

/** What a person does with a task, by the end of its path. */
const CHANGES = {
  retry: {
    summary: 'Resolve a quarantine and let the loop try the record again',
    event: 'TaskRetried',
    change: (tx: Transaction, { kind, subject_type, subject_id }: TaskRow, tenantId: string) => {
      if (kind !== 'quarantine')
        throw new DomainError(
          'wrong-state',
          'only a quarantine can be tried again; this task ends when its cause is mended',
        );
      const [table, id] = QUARANTINES[subject_type] ?? QUARANTINES.exception;
      tx.atCommit(
        `UPDATE lapse.${table} SET quarantined_at = NULL, last_error = NULL
         WHERE tenant_id = $1 AND ${id} = $2`,
        [tenantId, subject_id],
      );
    },
  },
  resolve: {
    summary: 'Resolve a reassignment that is not going to be made, or a review that was made',
    event: 'TaskResolved',
    change: (_: Transaction, { kind }: TaskRow) => {
      if (!BY_HAND.has(kind))
        throw new DomainError(
          'wrong-state',
          'only a reassignment or a review can be resolved by hand; this task ends when its cause is mended',
        );
    },
  },
} as const;

/** What is done, and what the ledger calls it. */
interface TaskAct {
  readonly event: TaskEvent['type'];
  readonly change: (tx: Transaction, task: TaskRow, tenantId: string) => void;
}

interface Wanted {
  readonly tenantId: string;
  readonly taskId: string;
  readonly actor: Actor;
  readonly idempotency: IdempotentRequest | undefined;
}

async function resolve(
  tx: Transaction,
  { tenantId, taskId, actor, idempotency }: Wanted,
  { event, change }: TaskAct,
): Promise<TaskRow> {
  const [before, acts, [task]] = await Promise.all([
    recall(tx, tenantId, idempotency),
    readTaskActs(tx, tenantId, taskId),
    tx.query<TaskRow & { [column: string]: unknown }>(
      `SELECT task_id, kind, subject_type, subject_id, detail, opened_at, resolved_at, resolved_by
       FROM lapse.tasks WHERE tenant_id = $1 AND task_id = $2 FOR UPDATE`,
      [tenantId, taskId],
    ),
  ]);
  if (!task) throw new DomainError('not-found', `there is no task ${taskId}`);
  if (before) return task;
  const now = await tx.now;
  const reference = { type: 'task', id: taskId, version: 1 };
  remember(tx, tenantId, idempotency, { status: 200, reference, at: now });
  if (task.resolved_at) return task;
  change(tx, task, tenantId);
  const resolved_at = new Date(now);
  tx.atCommit(
    'UPDATE lapse.tasks SET resolved_at = $3, resolved_by = $4 WHERE tenant_id = $1 AND task_id = $2',
    [tenantId, taskId, resolved_at, actor.id],
  );
  const { kind, subject_type, subject_id } = task;
  const events: TaskEvent[] = [{ type: event, data: { kind, subject_type, subject_id } }];
  record(tx, taskStream, [{ tenantId, streamId: taskId, before: acts, events, at: now, actor }]);
  return { ...task, resolved_at, resolved_by: actor.id };
}

function toAnswer({ opened_at, resolved_at, ...task }: TaskRow) {
  return {
    ...task,
    opened_at: formatInstant(opened_at.getTime()),
    resolved_at: resolved_at && formatInstant(resolved_at.getTime()),
  };
}
