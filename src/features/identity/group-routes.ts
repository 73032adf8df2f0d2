import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { PERSON_ROLES } from '../../domain/access/actor.ts';
import { CLASSIFICATIONS } from '../../domain/exception/fields.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import { type PageRequest, pageOf, pageParameters } from '../../platform/http/paging.ts';
import { setRevision } from '../../platform/http/revision.ts';
import type { GroupAccess } from './group-events.ts';
import type { GroupService, GroupSummary } from './group-service.ts';

const roles = z.array(z.enum(PERSON_ROLES));
const access = z.strictObject({
  roles: roles
    .max(PERSON_ROLES.length)
    .refine((given) => new Set(given).size === given.length, 'must name each role once')
    .describe('of every member; several groups add up'),
  clearance: z
    .enum(CLASSIFICATIONS)
    .default('internal')
    .describe('of several groups the highest counts'),
});
const groupAnswer = z.object({
  group_id: z.string(),
  revision: z.int(),
  name: z.string(),
  external_id: z.string().nullable(),
  members: z.int().describe('how many'),
  access: z
    .object({ roles, clearance: z.enum(CLASSIFICATIONS) })
    .nullable()
    .describe('what its members get; null: nothing follows from it'),
  created_at: z.string(),
  changed_at: z.string(),
});
const params = z.object({ id: z.string().regex(/^[\w-]{1,64}$/, 'is not an id') });
const tags = ['people'];
const read = { permission: 'person:read' } as const;
const manage = { permission: 'person:manage' } as const;
const response = { 200: groupAnswer };

/** `/v1/groups`: the groups of the directory, and the roles that follow from them. */
export function addGroupRoutes(app: FastifyInstance, groups: GroupService): void {
  app.get(
    '/groups',
    {
      config: read,
      schema: {
        tags,
        summary: 'The groups of the directory, newest first',
        querystring: z.strictObject(pageParameters),
        response: { 200: pageOf(groupAnswer) },
      },
    },
    async ({ principal, query }) => {
      const { items, next_cursor } = await groups.list(principal.tenantId, query as PageRequest);
      return { items: items.map(toAnswer), next_cursor };
    },
  );

  app.get(
    '/groups/:id',
    { config: read, schema: { tags, summary: 'One group', params, response } },
    async (request, reply) =>
      send(reply, await groups.get(request.principal.tenantId, idOf(request))),
  );

  app.put(
    '/groups/:id/access',
    {
      config: manage,
      schema: {
        tags,
        summary: 'Let roles and clearance follow from a group',
        params,
        body: access,
        response,
      },
    },
    async (request, reply) => send(reply, await map(request, request.body as GroupAccess)),
  );

  app.delete(
    '/groups/:id/access',
    {
      config: manage,
      schema: { tags, summary: 'Let nothing follow from a group', params, response },
    },
    async (request, reply) => send(reply, await map(request, undefined)),
  );

  function map(request: FastifyRequest, given: GroupAccess | undefined): Promise<GroupSummary> {
    const { principal } = request;
    const idempotency = idempotencyOf(request, principal.actor.id);
    return groups.map(principal, idOf(request), given, idempotency);
  }
}

function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}

function send(reply: FastifyReply, group: GroupSummary): FastifyReply {
  setRevision(reply, group.version);
  return reply.send(toAnswer(group));
}

function toAnswer({ version, display_name, ...group }: GroupSummary) {
  return { ...group, revision: version, name: display_name };
}
