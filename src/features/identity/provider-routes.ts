import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { idempotencyOf } from '../../platform/http/caller.ts';
import { type ProviderSettings, providerName, providerSettings } from './provider-events.ts';
import type { ProviderService } from './provider-service.ts';
import type { ProviderRow } from './provider-store.ts';

const body = providerSettings.extend({
  client_secret: z
    .string()
    .min(1)
    .max(2_000)
    .nullable()
    .optional()
    .describe(
      'sealed at once and never shown; left out, the one that is known stays; null: a public client',
    ),
});
const answer = providerSettings.extend({
  name: z.string(),
  revision: z.int(),
  redirect_uri: z.string().describe('to allow at the provider, to come back to'),
  post_logout_redirect_uri: z.string().describe('to allow at the provider, after signing out'),
});
const params = z.object({ name: providerName });
const tags = ['sign-in'];
const config = { permission: 'provider:manage' } as const;

/** `/v1/providers`: OpenID providers through which people sign in. */
export function addProviderRoutes(
  app: FastifyInstance,
  providers: ProviderService,
  publicUrl: string,
): void {
  const addresses = {
    redirect_uri: `${publicUrl}/sign-in/callback`,
    post_logout_redirect_uri: `${publicUrl}/sign-in`,
  };
  const toAnswer = ({ version, state: { name, settings } }: ProviderRow) => ({
    name,
    revision: version,
    ...settings,
    ...addresses,
  });

  app.get(
    '/providers',
    {
      config,
      schema: {
        tags,
        summary: 'The providers of sign-in, without their secrets',
        response: { 200: z.object({ items: z.array(answer) }) },
      },
    },
    async ({ principal }) => ({ items: (await providers.list(principal.tenantId)).map(toAnswer) }),
  );

  app.put(
    '/providers/:name',
    {
      config,
      schema: {
        tags,
        summary: 'Put a provider in use, or change it',
        params,
        body,
        response: { 200: answer },
      },
    },
    async (request) => {
      const { principal } = request;
      const settings = request.body as ProviderSettings & { client_secret?: string | null };
      const idempotency = idempotencyOf(request, principal.actor.id);
      return toAnswer(await providers.put(principal, nameOf(request), settings, idempotency));
    },
  );

  app.delete(
    '/providers/:name',
    {
      config,
      schema: {
        tags,
        summary: 'Take a provider out of use',
        params,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { principal } = request;
      const idempotency = idempotencyOf(request, principal.actor.id);
      await providers.remove(principal, nameOf(request), idempotency);
      return reply.code(204).send();
    },
  );
}

function nameOf(request: FastifyRequest): string {
  return (request.params as { name: string }).name;
}
