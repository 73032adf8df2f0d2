import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { GRANT_STATES, type GrantStatus } from '../../domain/enforcement/grant.ts';
import { listOf, longText, uriReference } from '../../domain/exception/field-shapes.ts';
import { setAnswerTime } from '../../platform/http/answer-time.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import { type PageRequest, pageOf, pageParameters } from '../../platform/http/paging.ts';
import type { GrantViews } from './grant-views.ts';
import { grantAnswer, toGrantAnswer } from './grant-wire.ts';
import type { Attestation, RemovalService } from './removal-service.ts';

const tags = ['enforcement'];
const id = z.string().regex(/^[\w-]{1,64}$/, 'is not an id');
const status = z.enum(GRANT_STATES);
const attestation = z.strictObject({
  statement: longText.describe('what you saw that shows that it is gone; kept in the ledger'),
  links: listOf(uriReference)
    .refine((links) => links.length > 0, 'must name at least one link that shows it')
    .describe('where it can be seen'),
});

/** `/v1/grants` and `/v1/removal-tasks`: what is in place, and what a person has to take away. */
export function addGrantRoutes(
  app: FastifyInstance,
  { views, removals }: { readonly views: GrantViews; readonly removals: RemovalService },
): void {
  app.get(
    '/grants',
    {
      config: { permission: 'grant:read' },
      schema: {
        tags,
        summary: 'Grants of records that were in force, and where each stands',
        querystring: z.strictObject({
          exception_id: id.optional(),
          status: z.union([status, z.array(status).max(GRANT_STATES.length)]).optional(),
          ...pageParameters,
        }),
        response: { 200: pageOf(grantAnswer) },
      },
    },
    async ({ principal, query }, reply) => {
      const {
        exception_id,
        status: wanted,
        ...page
      } = query as PageRequest & {
        exception_id?: string;
        status?: GrantStatus | GrantStatus[];
      };
      const statuses = wanted === undefined || Array.isArray(wanted) ? wanted : [wanted];
      const filter = { exceptionId: exception_id, statuses };
      return answerPage(reply, await views.list(principal, filter, page));
    },
  );

  app.get(
    '/grants/:id',
    {
      config: { permission: 'grant:read' },
      schema: {
        tags,
        summary: 'One grant',
        params: z.object({ id }),
        response: { 200: grantAnswer },
      },
    },
    async ({ principal, params }, reply) =>
      answer(reply, await views.get(principal, (params as { id: string }).id)),
  );

  app.get(
    '/removal-tasks',
    {
      config: { permission: 'grant:read' },
      schema: {
        tags,
        summary: 'What a person has to take away, the oldest first; with all=true what is done too',
        querystring: z.strictObject({
          all: z.enum(['true', 'false']).optional(),
          ...pageParameters,
        }),
        response: { 200: pageOf(grantAnswer) },
      },
    },
    async ({ principal, query }, reply) => {
      const { all, ...page } = query as PageRequest & { all?: string };
      return answerPage(reply, await views.removalTasks(principal, all === 'true', page));
    },
  );

  app.post(
    '/removal-tasks/:id/attest',
    {
      config: { permission: 'removal:attest' },
      schema: {
        tags,
        summary: 'State that what was granted is gone, with links that show it',
        params: z.object({ id }),
        body: attestation,
        response: { 200: grantAnswer },
      },
    },
    async (request, reply) => {
      const { principal, params, body } = request;
      const idempotency = idempotencyOf(request, principal.actor.id);
      const { id: taskId } = params as { id: string };
      const { grant_id } = await removals.attest(
        principal,
        taskId,
        body as Attestation,
        idempotency,
      );
      return answer(reply, await views.get(principal, grant_id));
    },
  );
}

function answer(reply: FastifyReply, grant: Awaited<ReturnType<GrantViews['get']>>) {
  setAnswerTime(reply, grant.now);
  return toGrantAnswer(grant);
}

function answerPage(
  reply: FastifyReply,
  { items, next_cursor, now }: Awaited<ReturnType<GrantViews['list']>>,
) {
  setAnswerTime(reply, now);
  return { items: items.map(toGrantAnswer), next_cursor };
}
