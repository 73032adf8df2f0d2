import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { emailAddress, longText, shortText } from '../../domain/exception/field-shapes.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import { type PageRequest, pageOf, pageParameters } from '../../platform/http/paging.ts';
import type { NewTenant, TenantAction, TenantAdministration } from './tenant-administration.ts';
import { TENANT_STATES } from './tenant-views.ts';

const act = {
  at: z.string(),
  by: z.object({ id: z.string(), name: z.string() }),
  reason: z.string(),
};
const tenantAnswer = z.object({
  tenant_id: z.string(),
  name: z.string(),
  state: z.enum(TENANT_STATES),
  ledger: z
    .enum(['whole', 'diverged'])
    .nullable()
    .describe('diverged: it can only be read until its administrator opens a new epoch'),
  created_at: z.string().nullable(),
  suspended: z.object(act).nullable(),
  deletion: z
    .object({ ...act, due_at: z.string(), before_retention: z.boolean() })
    .nullable()
    .describe('until due_at it can be called off'),
  deleted_at: z.string().nullable(),
});
const newTenant = z.strictObject({
  name: shortText,
  email: emailAddress.optional().describe("the first administrator's"),
});
const reasonGiven = z.strictObject({
  reason: longText.describe("why; kept in the tenant's ledger"),
});
const params = z.object({ id: z.string().regex(/^[\w-]{1,64}$/, 'is not an id') });
const tags = ['tenants'];
const read = { permission: 'tenant:read' } as const;
const manage = { permission: 'tenant:manage' } as const;
const answered = { 200: tenantAnswer };

const ACTIONS: Readonly<
  Record<TenantAction, { method: 'POST' | 'DELETE'; path: string; summary: string }>
> = {
  suspend: {
    method: 'POST',
    path: '/tenants/:id/suspend',
    summary: 'Let a tenant be read alone; what time brings about goes on',
  },
  resume: {
    method: 'POST',
    path: '/tenants/:id/resume',
    summary: 'Let a suspended tenant be changed again',
  },
  delete: {
    method: 'DELETE',
    path: '/tenants/:id',
    summary: 'Have a tenant deleted in 30 days, once its policy has nothing kept any more',
  },
  'cancel-deletion': {
    method: 'POST',
    path: '/tenants/:id/cancel-deletion',
    summary: 'Call the deletion of a tenant off',
  },
};

/** `/v1/tenants`: for operators. Names and states, and nothing of what the tenants hold. */
export function addTenantRoutes(app: FastifyInstance, tenants: TenantAdministration): void {
  app.get(
    '/tenants',
    {
      config: read,
      schema: {
        tags,
        summary: 'The tenants, newest first',
        querystring: z.strictObject(pageParameters),
        response: { 200: pageOf(tenantAnswer) },
      },
    },
    async (request) => tenants.list(request.principal, request.query as PageRequest),
  );

  app.get(
    '/tenants/:id',
    { config: read, schema: { tags, summary: 'One tenant', params, response: answered } },
    async (request) => tenants.get(request.principal, (request.params as { id: string }).id),
  );

  app.post(
    '/tenants',
    {
      config: manage,
      schema: {
        tags,
        summary: "Make a tenant; its first administrator's link is shown this once",
        body: newTenant,
        response: { 201: tenantAnswer.extend({ sign_in_link: z.string().nullable() }) },
      },
    },
    async (request, reply) => {
      const { principal } = request;
      const idempotency = idempotencyOf(request, principal.actor.id);
      const made = await tenants.create(principal, request.body as NewTenant, idempotency);
      // A repeated request cannot be answered with the link: nobody has it any more.
      return reply.code(201).send({ ...made.tenant, sign_in_link: made.link ?? null });
    },
  );

  for (const [action, { method, path, summary }] of Object.entries(ACTIONS)) {
    // What a DELETE has in its body means nothing (RFC 9110 section 9.3.5).
    const place = method === 'DELETE' ? 'query' : 'body';
    const asked = place === 'query' ? { querystring: reasonGiven } : { body: reasonGiven };
    app.route({
      method,
      url: path,
      config: manage,
      schema: { tags, summary, params, ...asked, response: answered },
      handler: async (request) => {
        const { principal } = request;
        const { id } = request.params as { id: string };
        const { reason } = request[place] as { reason: string };
        const idempotency = idempotencyOf(request, principal.actor.id);
        return tenants.act(principal, id, { action: action as TenantAction, reason, idempotency });
      },
    });
  }
}
