import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ROLES } from '../../domain/access/actor.ts';
import { emailAddress, longText, shortText } from '../../domain/exception/field-shapes.ts';
import { CLASSIFICATIONS } from '../../domain/exception/fields.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import { type PageRequest, pageOf, pageParameters } from '../../platform/http/paging.ts';
import { setRevision } from '../../platform/http/revision.ts';
import type { PersonDetails } from './person-events.ts';
import type { Person, PersonChange, PersonService } from './person-service.ts';

const roles = z.array(z.enum(ROLES)).min(1, 'needs at least one role').max(ROLES.length);
const clearance = z
  .enum(CLASSIFICATIONS)
  .describe('content that is classified higher is not shown to them');
const newPerson = z.strictObject({
  name: shortText,
  email: emailAddress.optional().describe('who signs in with this address is this person'),
  roles: roles.default(['requestor']),
  clearance: clearance.default('internal'),
});
const personChange = z.strictObject({
  name: shortText.optional(),
  email: emailAddress.nullable().optional(),
  roles: roles.optional(),
  clearance: clearance.optional(),
});
const personAnswer = z.object({
  person_id: z.string(),
  revision: z.int(),
  name: z.string(),
  email: z.string().nullable(),
  roles: z.array(z.enum(ROLES)),
  clearance,
  active: z.boolean(),
  source: z.enum(['administrator', 'sign-in', 'scim', 'first-start']),
  external_id: z.string().nullable(),
  created_at: z.string(),
  signed_in_at: z.string().nullable(),
});
const reasonBody = z.strictObject({ reason: longText.describe('why; kept in the ledger') });
const params = z.object({ id: z.string().regex(/^[\w-]{1,64}$/, 'is not an id') });
const tags = ['people'];
const read = { permission: 'person:read' } as const;
const manage = { permission: 'person:manage' } as const;
const answered = { 200: personAnswer };

/** `/v1/people`: who may sign in, in which roles, up to which classification. */
export function addPersonRoutes(app: FastifyInstance, people: PersonService): void {
  app.get(
    '/people',
    {
      config: read,
      schema: {
        tags,
        summary: 'The people, newest first',
        querystring: z.strictObject({
          active: z.enum(['true', 'false']).optional(),
          ...pageParameters,
        }),
        response: { 200: pageOf(personAnswer) },
      },
    },
    async (request) => {
      const { active, ...page } = request.query as PageRequest & { active?: string };
      const only = active === undefined ? undefined : active === 'true';
      const { tenantId } = request.principal;
      const { items, next_cursor } = await people.list(tenantId, page, only);
      return { items: items.map(toAnswer), next_cursor };
    },
  );

  app.get(
    '/people/:id',
    { config: read, schema: { tags, summary: 'One person', params, response: answered } },
    async (request, reply) =>
      send(reply, await people.get(request.principal.tenantId, idOf(request))),
  );

  app.post(
    '/people',
    {
      config: manage,
      schema: {
        tags,
        summary: 'Add a person before they sign in',
        body: newPerson,
        response: { 201: personAnswer },
      },
    },
    async (request, reply) => {
      const { principal } = request;
      const details = request.body as PersonDetails;
      const person = await people.add(
        principal,
        details,
        idempotencyOf(request, principal.actor.id),
      );
      return send(reply.code(201), person);
    },
  );

  app.patch(
    '/people/:id',
    {
      config: manage,
      schema: {
        tags,
        summary: 'Change a person; null takes the address away',
        params,
        body: personChange,
        response: answered,
      },
    },
    async (request, reply) => {
      const { principal } = request;
      const change = request.body as PersonChange;
      const idempotency = idempotencyOf(request, principal.actor.id);
      return send(reply, await people.change(principal, idOf(request), change, idempotency));
    },
  );

  for (const action of ['deactivate', 'reactivate'] as const) {
    app.post(
      `/people/:id/${action}`,
      {
        config: manage,
        schema: { tags, summary: SUMMARIES[action], params, body: reasonBody, response: answered },
      },
      async (request, reply) => {
        const { principal } = request;
        const { reason } = request.body as { reason: string };
        const idempotency = idempotencyOf(request, principal.actor.id);
        return send(reply, await people[action](principal, idOf(request), reason, idempotency));
      },
    );
  }
}

const SUMMARIES = {
  deactivate: 'Take sessions and tokens from a person who leaves; history keeps their name',
  reactivate: 'Let a person sign in again',
} as const;

function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}

function send(reply: FastifyReply, person: Person): FastifyReply {
  setRevision(reply, person.version);
  return reply.send(toAnswer(person));
}

function toAnswer({ version, state }: Person) {
  const { subjects: _, passkeys: __, email, external_id, signed_in_at, ...rest } = state;
  return {
    ...rest,
    revision: version,
    email: email ?? null,
    external_id: external_id ?? null,
    signed_in_at: signed_in_at ?? null,
  };
}
