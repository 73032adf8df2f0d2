import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  type ConnectionSettings,
  connectionSettings,
} from '../../domain/enforcement/connection.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import type { ConnectionService } from './connection-service.ts';
import type { ConnectionRow } from './connection-store.ts';

const secret = keptSecret(z.string().min(1).max(10_000));
const signingSecret = keptSecret(
  z
    .string()
    .regex(
      /^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/,
      'must be whsec_ followed by 24 to 64 random bytes in base64 (Standard Webhooks)',
    ),
);
const [azure, webhook] = connectionSettings.options;
const body = z.discriminatedUnion('connector', [
  azure.extend({ secret }),
  webhook.extend({ secret: signingSecret }),
]);
const answered = { name: z.string(), revision: z.int() };
const answer = z.discriminatedUnion('connector', [
  azure.extend(answered),
  webhook.extend(answered),
]);
const params = z.object({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be lower-case letters, digits and dashes'),
});
const tags = ['enforcement'];
const config = { permission: 'connection:manage' } as const;

/** `/v1/connections`: how a tenant's clouds are reached, and how far Lapse goes there. */
export function addConnectionRoutes(app: FastifyInstance, connections: ConnectionService): void {
  app.get(
    '/connections',
    {
      config,
      schema: {
        tags,
        summary: 'The connections in use, without their secrets',
        response: { 200: z.object({ items: z.array(answer) }) },
      },
    },
    async ({ principal }) => ({
      items: (await connections.list(principal.tenantId)).map(toAnswer),
    }),
  );

  app.put(
    '/connections/:name',
    {
      config,
      schema: {
        tags,
        summary: 'Put a connection in use, or change it',
        params,
        body,
        response: { 200: answer },
      },
    },
    async (request) => {
      const { principal } = request;
      const settings = request.body as ConnectionSettings & { secret?: string | null };
      const idempotency = idempotencyOf(request, principal.actor.id);
      return toAnswer(await connections.put(principal, nameOf(request), settings, idempotency));
    },
  );

  app.delete(
    '/connections/:name',
    {
      config,
      schema: {
        tags,
        summary: 'Take a connection out of use; what only it reaches is for people to take away',
        params,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { principal } = request;
      const idempotency = idempotencyOf(request, principal.actor.id);
      await connections.remove(principal, nameOf(request), idempotency);
      return reply.code(204).send();
    },
  );
}

function keptSecret(shape: z.ZodString) {
  return shape
    .nullable()
    .optional()
    .describe('sealed at once and never shown; left out, the one that is known stays; null: none');
}

/** `/v1/connections/{name}/event-secret`: what its cloud posts events with, to `eventsUrl` and the name. */
export function addEventSecretRoute(
  app: FastifyInstance,
  connections: ConnectionService,
  eventsUrl: string,
): void {
  app.post(
    '/connections/:name/event-secret',
    {
      config,
      schema: {
        tags,
        summary: 'Make the secret that the cloud posts events with; it is shown this once',
        params,
        response: { 200: z.object({ url: z.string(), secret: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { principal } = request;
      const idempotency = idempotencyOf(request, principal.actor.id);
      const name = nameOf(request);
      const secret = await connections.makeEventSecret(principal, name, idempotency);
      return { url: `${eventsUrl}/${name}`, secret: secret ?? null };
    },
  );
}

function toAnswer({ version, state: { name, settings } }: ConnectionRow) {
  return { name, revision: version, ...settings };
}

function nameOf(request: FastifyRequest): string {
  return (request.params as { name: string }).name;
}
