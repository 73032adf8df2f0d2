import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { PERSON_ROLES } from '../../domain/access/actor.ts';
import type { Permission } from '../../domain/access/permissions.ts';
import { emailAddress, longText, shortText } from '../../domain/exception/field-shapes.ts';
import { CLASSIFICATIONS } from '../../domain/exception/fields.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import { type PageRequest, pageOf, pageParameters } from '../../platform/http/paging.ts';
import { setRevision } from '../../platform/http/revision.ts';
import type { PersonDetails } from './person-events.ts';
import type { Person, PersonChange, PersonService } from './person-service.ts';

const roles = z
  .array(z.enum(PERSON_ROLES))
  .min(1, 'needs at least one role')
  .max(PERSON_ROLES.length);
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
  roles: z.array(z.enum(PERSON_ROLES)),
  clearance,
  active: z.boolean(),
  source: z.enum(['administrator', 'sign-in', 'scim', 'first-start']),
  external_id: z.string().nullable(),
  user_name: z.string().nullable().describe('in the directory that keeps them; null: none does'),
  created_at: z.string(),
  signed_in_at: z.string().nullable(),
  strikes: z
    .array(z.object({ alert_id: z.string(), at: z.string() }))
    .describe('ended access that they have given again; two of them take privileged access away'),
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

  for (const [path, { action, config, summary }] of Object.entries(ACTIONS)) {
    app.post(
      `/people/:id/${path}`,
      { config, schema: { tags, summary, params, body: reasonBody, response: answered } },
      async (request, reply) => {
        const { principal } = request;
        const { reason } = request.body as { reason: string };
        const idempotency = idempotencyOf(request, principal.actor.id);
        return send(reply, await people[action](principal, idOf(request), reason, idempotency));
      },
    );
  }
}

interface Action {
  readonly action: 'deactivate' | 'reactivate' | 'liftStrikes';
  readonly config: { readonly permission: Permission };
  readonly summary: string;
}

/** What is done to a person with a reason, by the end of its path. */
const ACTIONS: Readonly<Record<string, Action>> = {
  deactivate: {
    action: 'deactivate',
    config: manage,
    summary: 'Take sessions and tokens from a person who leaves; history keeps their name',
  },
  reactivate: { action: 'reactivate', config: manage, summary: 'Let a person sign in again' },
  'lift-strikes': {
    action: 'liftStrikes',
    config: { permission: 'strike:lift' },
    summary: 'Let a person ask for privileged access again; what they have lost stays lost',
  },
};

function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}

function send(reply: FastifyReply, person: Person): FastifyReply {
  setRevision(reply, person.version);
  return reply.send(toAnswer(person));
}

function toAnswer({ version, state }: Person) {
  const { person_id, name, email, roles, clearance, active, source } = state;
  return {
    ...{ person_id, name, roles, clearance, active, source },
    revision: version,
    email: email ?? null,
    external_id: state.external_id ?? null,
    user_name: state.directory?.user_name ?? null,
    created_at: state.created_at,
    signed_in_at: state.signed_in_at ?? null,
    strikes: (state.strikes ?? []).map(({ alert_id, at }) => ({ alert_id, at })),
  };
}
