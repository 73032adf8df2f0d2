import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Actor } from '../../domain/access/actor.ts';
import { DomainError } from '../../domain/errors.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import {
  type IdPage,
  type PageRequest,
  pageParameters,
  readPage,
} from '../../platform/http/paging.ts';
import { newUlid } from '../../platform/ids.ts';
import { additionBodies } from './command-bodies.ts';
import { callerOf, idOf } from './exception-routes.ts';
import { commentAnswer, commentPage, idParameter } from './exception-schemas.ts';

type Comment = z.output<typeof commentAnswer>;

const tags = ['exceptions'];

/** What the routes need of their surroundings. */
export interface CommentRoutes {
  readonly db: Database;
  /** Refuses while the tenant may only be read. */
  readonly assertWritable: (tx: Transaction, tenantId: string) => Promise<void>;
}

/** `/v1/exceptions/{id}/comments`: talk beside the record. Comments are rows, not events. */
export function addCommentRoutes(
  app: FastifyInstance,
  { db, assertWritable }: CommentRoutes,
): void {
  app.post(
    '/exceptions/:id/comments',
    {
      config: { permission: 'exception:write' },
      schema: {
        tags,
        summary: 'Add a comment',
        params: idParameter,
        body: additionBodies.comments,
        response: { 201: commentAnswer },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { tenantId, actor, idempotency } = caller;
      const { body } = request.body as z.output<typeof additionBodies.comments>;
      const wanted = { tenantId, actor, exceptionId: idOf(request), body };
      const comment = await db.inTenant(caller, async (tx) => {
        const [added] = await Promise.all([
          addComment(tx, wanted, idempotency),
          assertWritable(tx, tenantId),
        ]);
        return added;
      });
      return reply.code(201).send(comment);
    },
  );

  app.get(
    '/exceptions/:id/comments',
    {
      config: { permission: 'exception:read' },
      schema: {
        tags,
        summary: 'The comments, oldest first',
        params: idParameter,
        querystring: z.strictObject(pageParameters),
        response: { 200: commentPage },
      },
    },
    async (request) => {
      const { tenantId } = request.principal;
      const page = request.query as PageRequest;
      return db.inTenant(request.principal, (tx) =>
        listComments(tx, tenantId, idOf(request), page),
      );
    },
  );
}

interface NewComment {
  readonly tenantId: string;
  readonly actor: Actor;
  readonly exceptionId: string;
  readonly body: string;
}

async function addComment(
  tx: Transaction,
  { tenantId, actor, exceptionId, body }: NewComment,
  idempotency: IdempotentRequest | undefined,
): Promise<Comment> {
  const [before] = await Promise.all([
    recall(tx, tenantId, idempotency),
    assertExists(tx, tenantId, exceptionId),
  ]);
  if (before) return getComment(tx, tenantId, exceptionId, before.reference.id);
  const now = await tx.now;
  const comment = {
    comment_id: `cmt_${newUlid()}`,
    author: { id: actor.id, name: actor.name },
    body,
    created_at: formatInstant(now),
  };
  tx.atCommit(
    `INSERT INTO lapse.comments (tenant_id, exception_id, comment_id, author_id, author_name, body, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [tenantId, exceptionId, comment.comment_id, actor.id, actor.name, body, comment.created_at],
  );
  const reference = { type: 'comment', id: comment.comment_id, version: 1 };
  remember(tx, tenantId, idempotency, { status: 201, reference, at: now });
  return comment;
}

type CommentRow = {
  comment_id: string;
  author_id: string;
  author_name: string;
  body: string;
  created_at: Date;
};

const COLUMNS = 'comment_id, author_id, author_name, body, created_at';

async function getComment(
  tx: Transaction,
  tenantId: string,
  exceptionId: string,
  commentId: string,
): Promise<Comment> {
  const [row] = await tx.query<CommentRow>(
    `SELECT ${COLUMNS} FROM lapse.comments WHERE tenant_id = $1 AND exception_id = $2 AND comment_id = $3`,
    [tenantId, exceptionId, commentId],
  );
  if (!row) throw new DomainError('not-found', `there is no comment ${commentId}`);
  return toAnswer(row);
}

async function listComments(
  tx: Transaction,
  tenantId: string,
  exceptionId: string,
  page: PageRequest,
): Promise<IdPage<Comment>> {
  const read = async (after: string | undefined, count: number) =>
    tx.query<CommentRow>(
      `SELECT ${COLUMNS} FROM lapse.comments
       WHERE tenant_id = $1 AND exception_id = $2 AND ($3::text IS NULL OR comment_id > $3)
       ORDER BY comment_id LIMIT $4`,
      [tenantId, exceptionId, after ?? null, count],
    );
  const [{ items, next_cursor }] = await Promise.all([
    readPage('comments', page, ({ comment_id }) => comment_id, read),
    assertExists(tx, tenantId, exceptionId),
  ]);
  return { items: items.map(toAnswer), next_cursor };
}

function toAnswer({ author_id, author_name, created_at, ...row }: CommentRow): Comment {
  return {
    ...row,
    author: { id: author_id, name: author_name },
    created_at: created_at.toISOString(),
  };
}

async function assertExists(tx: Transaction, tenantId: string, exceptionId: string): Promise<void> {
  const [row] = await tx.query(
    'SELECT FROM lapse.exceptions WHERE tenant_id = $1 AND exception_id = $2',
    [tenantId, exceptionId],
  );
  if (!row) throw new DomainError('not-found', `there is no exception ${exceptionId}`);
}
