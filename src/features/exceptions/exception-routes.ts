import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ExceptionCommand } from '../../domain/exception/commands.ts';
import {
  type ExceptionEdit,
  type ExceptionFields,
  exceptionEdit,
  exceptionFields,
} from '../../domain/exception/fields.ts';
import { setAnswerTime } from '../../platform/http/answer-time.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import { expectedRevision, requiredRevision, setRevision } from '../../platform/http/revision.ts';
import { listRequest } from './exception-parameters.ts';
import {
  exceptionAnswer,
  exceptionPage,
  historyAnswer,
  idParameter,
  oneException,
} from './exception-schemas.ts';
import type { Answer, Caller, ExceptionService, WrittenBeside } from './exception-service.ts';
import { summaryPage } from './exception-summary.ts';
import { type ExceptionViews, historyEntry } from './exception-views.ts';
import { suggestionsAnswer, toAnswer } from './exception-wire.ts';
import { type ListParameters, listParameters } from './list-parameters.ts';

/** What the routes hand on to. */
export interface ExceptionRoutes {
  readonly service: ExceptionService;
  readonly views: ExceptionViews;
}

const tags = ['exceptions'];
const read = { permission: 'exception:read' } as const;
const write = { permission: 'exception:write' } as const;

/** `/v1/exceptions`: making, reading and editing records; the commands are in `command-routes.ts`. */
export function addExceptionRoutes(
  app: FastifyInstance,
  { service, views }: ExceptionRoutes,
): void {
  app.post(
    '/exceptions',
    {
      config: write,
      schema: {
        tags,
        summary: 'Make a draft; with submit=true a request at once',
        querystring: z.strictObject({
          submit: z.enum(['true', 'false']).optional(),
          template: z
            .string()
            .optional()
            .describe('a template of the pack: its values hold where the record says nothing'),
        }),
        body: exceptionFields,
        response: { 201: exceptionAnswer },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { submit, template } = request.query as { submit?: string; template?: string };
      const fields = request.body as ExceptionFields;
      const draft = { type: 'DraftException', fields } as const;
      return sendAnswer(
        reply,
        caller,
        await service.create(caller, draft, submit === 'true', template),
      );
    },
  );

  app.get(
    '/exceptions',
    {
      config: read,
      schema: {
        tags,
        summary: 'The register, filtered and sorted',
        querystring: listParameters,
        response: { 200: exceptionPage },
      },
    },
    async (request, reply) => {
      const { tenantId } = request.principal;
      const { items, now, ...page } = await views.list(
        request.principal,
        listRequest(request.query as ListParameters),
      );
      setAnswerTime(reply, now);
      return {
        ...page,
        items: items.map(({ state, version }) => toAnswer(state, version, tenantId, now)),
      };
    },
  );

  app.get(
    '/exception-summaries',
    {
      config: read,
      schema: {
        tags,
        summary: 'The register in short: the same lists, each record as a row of a table shows it',
        querystring: listParameters,
        response: { 200: summaryPage },
      },
    },
    async (request, reply) => {
      const { now, ...page } = await views.summaries(
        request.principal,
        listRequest(request.query as ListParameters),
      );
      setAnswerTime(reply, now);
      return page;
    },
  );

  app.get(
    '/exceptions/:id',
    {
      config: read,
      schema: {
        tags,
        summary: 'One record',
        params: idParameter,
        response: { 200: oneException },
      },
    },
    async (request, reply) => {
      const { tenantId } = request.principal;
      const { state, version, now, suggested } = await views.get(request.principal, idOf(request));
      setRevision(reply, version);
      setAnswerTime(reply, now);
      return { ...toAnswer(state, version, tenantId, now), ...suggestionsAnswer(suggested) };
    },
  );

  app.patch(
    '/exceptions/:id',
    {
      config: write,
      schema: {
        tags,
        summary: 'Edit fields; null takes one away. A material edit voids approvals',
        params: idParameter,
        body: exceptionEdit,
        response: { 200: oneException },
      },
    },
    async (request, reply) => {
      const changes = request.body as ExceptionEdit;
      return execute(
        service,
        request,
        reply,
        { type: 'EditException', changes },
        requiredRevision(request),
      );
    },
  );

  app.get(
    '/exceptions/:id/history',
    {
      config: read,
      schema: {
        tags,
        summary: 'Its events with actor, time and place in the ledger',
        params: idParameter,
        response: { 200: historyAnswer },
      },
    },
    async (request) => {
      const events = await views.history(request.principal, idOf(request));
      return { items: events.map(historyEntry) };
    },
  );
}

/** Runs one command on the record that the path names, and answers the record. */
export async function execute(
  service: ExceptionService,
  request: FastifyRequest,
  reply: FastifyReply,
  command: ExceptionCommand,
  expected = expectedRevision(request),
  beside?: WrittenBeside,
) {
  const caller = callerOf(request);
  const answer = await service.execute(caller, idOf(request), command, expected, beside);
  return sendAnswer(reply, caller, answer);
}

/** Who sends the request, with its idempotency key. */
export function callerOf(request: FastifyRequest): Caller {
  const { actor } = request.principal;
  return { ...request.principal, idempotency: idempotencyOf(request, actor.id) };
}

/** The id that the path names. */
export function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}

/** Answers a record with its revision, and the time at which it stood so. */
export function sendAnswer(
  reply: FastifyReply,
  { tenantId }: Caller,
  { status, record, now, suggested }: Answer,
) {
  setRevision(reply, record.version);
  setAnswerTime(reply, now);
  const answer = toAnswer(record.state, record.version, tenantId, now);
  return reply.code(status).send({ ...answer, ...suggestionsAnswer(suggested) });
}
