import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ROLES } from '../../domain/access/actor.ts';
import {
  DELEGATION_STATES,
  type Delegation,
  delegationState,
} from '../../domain/delegation/delegation.ts';
import { duration, instant, longText, shortText } from '../../domain/exception/field-shapes.ts';
import { parseDuration } from '../../domain/schedule/duration.ts';
import { formatInstant, parseInstant } from '../../domain/schedule/instant.ts';
import { setAnswerTime } from '../../platform/http/answer-time.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import { type PageRequest, pageOf, pageParameters } from '../../platform/http/paging.ts';
import type { DelegationService } from './delegation-service.ts';

const time = z.string().meta({ format: 'date-time' });
const person = z.object({ id: z.string(), name: z.string(), email: z.string().optional() });

const newDelegation = z
  .strictObject({
    to: shortText.describe('who acts for you: an e-mail address, or the id of a token'),
    until: instant.optional().describe('at most 90 days after its start; it ends by itself'),
    requested_duration: duration.optional().describe('instead of until: counted from its start'),
    from: instant.optional().describe('at once when left out'),
    roles: z
      .array(z.enum(ROLES))
      .min(1, 'must name at least one role')
      .max(ROLES.length)
      .optional()
      .describe('yours, or those that it may stand in for; yours when left out'),
    reason: longText.describe('why; kept in the ledger'),
  })
  .refine(
    (body) => (body.until === undefined) !== (body.requested_duration === undefined),
    'must have either until or requested_duration, not both',
  );

const delegationAnswer = z.object({
  delegation_id: z.string(),
  from: person,
  to: person,
  roles: z.array(z.string()),
  starts_at: time,
  until: time,
  reason: z.string(),
  state: z.enum(DELEGATION_STATES),
  created_at: time,
  ended: z
    .object({ at: time, by: person, reason: z.string().nullable() })
    .nullable()
    .describe('who ended it before its time'),
});

const tags = ['delegations'];

/** `/v1/delegations`: who acts for whom, and until when. */
export function addDelegationRoutes(app: FastifyInstance, delegations: DelegationService): void {
  app.post(
    '/delegations',
    {
      config: { permission: 'exception:approve' },
      schema: {
        tags,
        summary: 'Let another person approve in your roles until an instant',
        body: newDelegation,
        response: { 201: delegationAnswer },
      },
    },
    async (request, reply) => {
      const { principal } = request;
      const body = request.body as z.output<typeof newDelegation>;
      const { to, roles, reason, from } = body;
      const until = endOf(body);
      const wanted = { to, roles, reason, until, ...(from && { from: instantOf(from) }) };
      const idempotency = idempotencyOf(request, principal.actor.id);
      const made = await delegations.delegate(principal, wanted, idempotency);
      return reply.code(201).send(toAnswer(made.delegation, made.now));
    },
  );

  app.get(
    '/delegations',
    {
      config: { permission: 'exception:read' },
      schema: {
        tags,
        summary: 'Delegations that are active or planned, the newest first',
        querystring: z.strictObject({
          ...pageParameters,
          all: z.enum(['true', 'false']).optional().describe('those that have ended too'),
        }),
        response: { 200: pageOf(delegationAnswer) },
      },
    },
    async (request, reply) => {
      const { all, ...page } = request.query as PageRequest & { all?: string };
      const { tenantId } = request.principal;
      const { items, next_cursor, now } = await delegations.list(tenantId, page, all === 'true');
      setAnswerTime(reply, now);
      return { items: items.map((one) => toAnswer(one, now)), next_cursor };
    },
  );

  app.post(
    '/delegations/:id/end',
    {
      config: { permission: 'exception:write' },
      schema: {
        tags,
        summary: 'End a delegation before its time: whoever gave it, has it, or administers',
        params: z.object({ id: z.string().regex(/^[\w-]{1,64}$/, 'is not an id') }),
        body: z.strictObject({ reason: longText.optional() }).default({}),
        response: { 200: delegationAnswer },
      },
    },
    async (request) => {
      const { principal } = request;
      const { id } = request.params as { id: string };
      const { reason } = request.body as { reason?: string };
      const idempotency = idempotencyOf(request, principal.actor.id);
      const { delegation, now } = await delegations.end(principal, id, reason, idempotency);
      return toAnswer(delegation, now);
    },
  );
}

function toAnswer(delegation: Delegation, now: number): z.input<typeof delegationAnswer> {
  const { ended } = delegation;
  return {
    ...delegation,
    roles: [...delegation.roles],
    starts_at: formatInstant(delegation.starts_at),
    until: formatInstant(delegation.until),
    created_at: formatInstant(delegation.created_at),
    state: delegationState(delegation, now),
    ended: ended
      ? { at: formatInstant(ended.at), by: ended.by, reason: ended.reason ?? null }
      : null,
  };
}

function endOf({ until, requested_duration = '' }: z.output<typeof newDelegation>) {
  if (until !== undefined) return instantOf(until);
  return parseDuration(requested_duration) ?? 0;
}

/** The schema has let through what can be read alone. */
function instantOf(text: string): number {
  return parseInstant(text) ?? 0;
}
