import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { duration, instant, longText } from '../../domain/exception/field-shapes.ts';
import {
  FINDING_KINDS,
  FINDING_STATES,
  type FindingKind,
  type FindingState,
  type FindingStatus,
} from '../../domain/reconciliation/finding.ts';
import { parseInstant } from '../../domain/schedule/instant.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import type { IdempotentRequest } from '../../platform/http/idempotency.ts';
import { type PageRequest, pageOf, pageParameters } from '../../platform/http/paging.ts';
import type { FindingService } from './finding-service.ts';
import type { FindingViews } from './finding-views.ts';
import { findingAnswer, toFindingAnswer } from './finding-wire.ts';

const tags = ['reconciliation'];
const id = z.string().regex(/^[\w-]{1,64}$/, 'is not an id');
const params = z.object({ id });
const state = z.enum(FINDING_STATES);
const kind = z.enum(FINDING_KINDS);
const reason = longText.describe('why; kept in the ledger');

type Filter = PageRequest & {
  state?: FindingStatus | FindingStatus[];
  kind?: FindingKind | FindingKind[];
  exception_id?: string;
};

/** How long a finding is left as it is. */
interface Acceptance {
  readonly reason: string;
  readonly until?: string;
  readonly requested_duration?: string;
}

/** `/v1/findings`: what a cloud and the register do not agree about, and what people answer. */
export function addFindingRoutes(
  app: FastifyInstance,
  { views, service }: { readonly views: FindingViews; readonly service: FindingService },
): void {
  app.get(
    '/findings',
    {
      config: { permission: 'grant:read' },
      schema: {
        tags,
        summary: 'Findings, the oldest first',
        querystring: z.strictObject({
          state: z.union([state, z.array(state).max(FINDING_STATES.length)]).optional(),
          kind: z.union([kind, z.array(kind).max(FINDING_KINDS.length)]).optional(),
          exception_id: id.optional(),
          ...pageParameters,
        }),
        response: { 200: pageOf(findingAnswer) },
      },
    },
    async ({ principal, query }) => {
      const { state: states, kind: kinds, exception_id: exceptionId, ...page } = query as Filter;
      const filter = { states: listOf(states), kinds: listOf(kinds), exceptionId };
      const { items, next_cursor } = await views.list(principal, filter, page);
      return { items: items.map(toFindingAnswer), next_cursor };
    },
  );

  app.get(
    '/findings/:id',
    {
      config: { permission: 'grant:read' },
      schema: { tags, summary: 'One finding', params, response: { 200: findingAnswer } },
    },
    async (request) => toFindingAnswer(await views.get(request.principal, idOf(request))),
  );

  const answer = (
    name: string,
    summary: string,
    body: z.ZodType | undefined,
    decide: (
      request: FastifyRequest,
      idempotency: IdempotentRequest | undefined,
    ) => Promise<FindingState>,
  ) =>
    app.post(
      `/findings/:id/${name}`,
      {
        config: { permission: 'finding:answer' },
        schema: {
          tags,
          summary,
          params,
          ...(body ? { body } : {}),
          response: { 200: findingAnswer },
        },
      },
      async (request) =>
        toFindingAnswer(await decide(request, idempotencyOf(request, request.principal.actor.id))),
    );

  answer(
    'adopt',
    'Make a draft of what was found, with the end that the policy proposes',
    undefined,
    (request, idempotency) => service.adopt(request.principal, idOf(request), idempotency),
  );
  answer(
    'remove',
    'Have it taken away: by Lapse where its mode lets it, and otherwise by a person',
    z.strictObject({ reason }),
    (request, idempotency) => {
      const given = request.body as { reason: string };
      return service.remove(request.principal, idOf(request), given.reason, idempotency);
    },
  );
  answer(
    'accept',
    'Leave it as it is until an instant, at most 90 days ahead',
    z
      .strictObject({
        reason,
        until: instant.optional().describe('at most 90 days ahead'),
        requested_duration: duration.optional().describe('instead of until: counted from now'),
      })
      .refine(
        (body) => (body.until === undefined) !== (body.requested_duration === undefined),
        'must have either until or requested_duration, not both',
      ),
    (request, idempotency) => {
      const given = request.body as Acceptance;
      const until =
        given.until === undefined ? given.requested_duration : parseInstant(given.until);
      const accepted = { reason: given.reason, until: until ?? Number.NaN };
      return service.accept(request.principal, idOf(request), accepted, idempotency);
    },
  );
}

function listOf<T extends string>(value: T | T[] | undefined): T[] | undefined {
  return typeof value === 'string' ? [value] : value;
}

function idOf({ params }: FastifyRequest): string {
  return (params as { id: string }).id;
}
