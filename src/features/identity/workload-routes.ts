import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { scopeList } from '../../domain/access/scopes.ts';
import { WORKLOAD_ROLES } from '../../domain/access/workload-roles.ts';
import { CLASSIFICATIONS } from '../../domain/exception/fields.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import { type NewWorkload, newWorkload, type WorkloadState } from './workload-events.ts';
import type { WorkloadService } from './workload-service.ts';

const answer = z.object({
  workload_id: z.string(),
  name: z.string(),
  issuer: z.string(),
  audience: z.string(),
  claims: z.record(z.string(), z.array(z.string())),
  role: z.enum(WORKLOAD_ROLES),
  scopes: scopeList.nullable().describe('null: all that its role grants'),
  clearance: z.enum(CLASSIFICATIONS),
  created_at: z.string(),
  created_by: z.string(),
});
const params = z.object({ id: z.string().regex(/^[\w-]{1,64}$/, 'is not an id') });
const tags = ['workloads'];
const config = { permission: 'workload:manage' } as const;

/** `/v1/workloads`: pipelines and services that sign in with their platform's token. */
export function addWorkloadRoutes(app: FastifyInstance, workloads: WorkloadService): void {
  app.get(
    '/workloads',
    {
      config,
      schema: {
        tags,
        summary: 'The workloads that may sign in, oldest first',
        response: { 200: z.object({ items: z.array(answer) }) },
      },
    },
    async ({ principal }) => ({ items: (await workloads.list(principal.tenantId)).map(toAnswer) }),
  );

  app.post(
    '/workloads',
    {
      config,
      schema: {
        tags,
        summary: 'Let tokens of an issuer with these claims sign in',
        body: newWorkload,
        response: { 201: answer },
      },
    },
    async (request, reply) => {
      const { principal } = request;
      const idempotency = idempotencyOf(request, principal.actor.id);
      const added = await workloads.add(principal, request.body as NewWorkload, idempotency);
      return reply.code(201).send(toAnswer(added));
    },
  );

  app.delete(
    '/workloads/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Let a workload sign in no more',
        params,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { principal } = request;
      const { id } = request.params as { id: string };
      await workloads.remove(principal, id, idempotencyOf(request, principal.actor.id));
      return reply.code(204).send();
    },
  );
}

function toAnswer({ removed_at: _, ...workload }: WorkloadState) {
  const { scopes = null, clearance = 'internal' } = workload;
  return { ...workload, scopes, clearance };
}
