import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { People } from '../../domain/delegation/people.ts';
import { capacitiesOf, waitsFor } from '../../domain/exception/approval-standing.ts';
import { awaitedDecision } from '../../domain/exception/awaited-approvals.ts';
import { delegatesFor } from '../../domain/exception/suggested-approvers.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import { setAnswerTime } from '../../platform/http/answer-time.ts';
import { type PageRequest, pageOf, pageParameters } from '../../platform/http/paging.ts';
import { actorReference, delegate, exceptionAnswer, requirement } from './exception-schemas.ts';
import type { ExceptionViews } from './exception-views.ts';
import { delegateAnswer, toAnswer } from './exception-wire.ts';

/** What waits for somebody: the record, what they may fill of it, and the change if it is one. */
const awaitedApproval = z.object({
  exception: exceptionAnswer,
  requirements: z.array(
    requirement.extend({
      on_behalf_of: actorReference.nullable().describe('whose role it is, where you act for them'),
      delegates: z.array(delegate).describe('who may fill it for you, while you are away'),
    }),
  ),
  change_id: z.string().nullable().describe('the change that waits; null for the request itself'),
  owed_by: z
    .string()
    .meta({ format: 'date-time' })
    .nullable()
    .describe('of a review that is owed: undecided by then, the exception ends'),
});

/** `GET /v1/approvals`: what waits for whoever asks, the oldest first. */
export function addApprovalRoutes(
  app: FastifyInstance,
  views: ExceptionViews,
  groundsOf: (tenantId: string) => Promise<{ policy: Policy; people: People; now: number }>,
): void {
  app.get(
    '/approvals',
    {
      config: { permission: 'exception:approve' },
      schema: {
        tags: ['commands'],
        summary: 'What waits for my approval, the oldest first',
        querystring: z.strictObject(pageParameters),
        response: { 200: pageOf(awaitedApproval) },
      },
    },
    async (request, reply) => {
      const { tenantId, actor } = request.principal;
      const { limit, cursor } = request.query as PageRequest;
      const standing = await groundsOf(tenantId);
      const awaiting = [...new Set(capacitiesOf(actor, standing).flatMap(({ roles }) => roles))];
      const order = { sort: 'created_at', descending: false, exactCount: false } as const;
      const page = await views.list(request.principal, {
        filter: { awaiting },
        ...order,
        limit,
        cursor,
      });
      setAnswerTime(reply, page.now);
      // What somebody asked for themselves, or has approved, waits for others.
      const items = page.items.flatMap(({ state, version }) => {
        const waiting = waitsFor(state, actor, standing);
        if (waiting.length === 0) return [];
        const requirements = waiting.map(({ requirement: one, capacity }) => ({
          ...one,
          on_behalf_of: capacity.delegation?.from ?? null,
          delegates: capacity.delegation
            ? []
            : delegatesFor(actor, state, one, standing).map(delegateAnswer),
        }));
        const change_id = awaitedDecision(state)?.change_id ?? null;
        const exception = toAnswer(state, version, tenantId, page.now);
        const owed_by = state.owed ? formatInstant(state.owed.by) : null;
        return [{ exception, requirements, change_id, owed_by }];
      });
      return { items, next_cursor: page.next_cursor };
    },
  );
}
