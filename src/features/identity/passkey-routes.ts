import type { RegistrationResponseJSON } from '@simplewebauthn/server';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { longText, shortText } from '../../domain/exception/field-shapes.ts';
import { decodeBase64url } from '../../domain/signature/base64url.ts';
import type { Passkey } from '../../domain/signature/passkey.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import type { PasskeyService } from './passkey-service.ts';

const base64url = z
  .string()
  .min(1, 'must not be empty')
  .max(65_536, 'must have at most 65,536 characters')
  .refine((text) => decodeBase64url(text) !== undefined, 'must be base64url without padding');

/** `RegistrationResponseJSON` of WebAuthn; what else browsers say is not looked at. */
const registration = z.object({
  id: base64url,
  rawId: base64url,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: z.array(z.string().max(20)).max(10).optional(),
  }),
  clientExtensionResults: z.record(z.string(), z.unknown()).default({}),
});
const newPasskey = z.strictObject({
  name: shortText.describe('what you call it'),
  credential: registration.describe('what the browser made of the challenge'),
});
const passkeyAnswer = z.object({
  credential_id: z.string(),
  name: z.string(),
  rp_id: z.string().describe('the domain that it belongs to'),
  origin: z.string().describe('where it was registered'),
  registered_at: z.string(),
  used_at: z.string().nullable(),
});
const partyAnswer = z.object({
  rp_id: z.string().describe('the domain that new passkeys belong to'),
  origins: z.array(z.string()),
});
const tags = ['passkeys'];
const config = { permission: 'session:own' } as const;
/** What a passkey signs counts as its person's word: who adds or removes one shows who they are. */
const fresh = { ...config, freshSignIn: true } as const;

/** `/v1/me/passkeys`: what you sign approvals with; and where a tenant's passkeys belong. */
export function addPasskeyRoutes(app: FastifyInstance, passkeys: PasskeyService): void {
  app.get(
    '/me/passkeys',
    {
      config,
      schema: {
        tags,
        summary: 'Your passkeys, oldest first; a token has none',
        response: { 200: z.object({ items: z.array(passkeyAnswer) }) },
      },
    },
    async ({ principal }) => ({ items: (await passkeys.list(principal)).map(toAnswer) }),
  );

  app.post(
    '/me/passkeys/challenge',
    {
      config: fresh,
      schema: {
        tags,
        summary: 'The challenge to make a passkey from, in a session; five minutes',
        response: {
          200: z
            .record(z.string(), z.unknown())
            .describe('PublicKeyCredentialCreationOptionsJSON of WebAuthn'),
        },
      },
    },
    ({ principal }) => passkeys.offer(principal),
  );

  app.post(
    '/me/passkeys',
    {
      config: fresh,
      schema: {
        tags,
        summary: 'Register a passkey, in a session',
        body: newPasskey,
        response: { 201: passkeyAnswer },
      },
    },
    async (request, reply) => {
      const { name, credential } = request.body as z.output<typeof newPasskey>;
      const idempotency = idempotencyOf(request, request.principal.actor.id);
      const response = credential as RegistrationResponseJSON;
      const made = await passkeys.register(request.principal, name, response, idempotency);
      return reply.code(201).send(toAnswer(made));
    },
  );

  app.delete(
    '/me/passkeys/:id',
    {
      config: fresh,
      schema: {
        tags,
        summary: 'Remove a passkey; what it has signed stays good',
        params: z.object({ id: z.string().regex(/^[\w-]{1,1400}$/, 'is not an id') }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { id } = request.params as { id: string };
      const idempotency = idempotencyOf(request, request.principal.actor.id);
      await passkeys.remove(request.principal, id, idempotency);
      return reply.code(204).send();
    },
  );

  app.post(
    '/passkeys/move',
    {
      config: { permission: 'passkey:move' },
      schema: {
        tags,
        summary: "Let the tenant's passkeys belong to this server's public address from now on",
        body: z.strictObject({ reason: longText.describe('why; kept in the ledger') }),
        response: { 200: partyAnswer },
      },
    },
    async (request) => {
      const { reason } = request.body as { reason: string };
      const idempotency = idempotencyOf(request, request.principal.actor.id);
      return passkeys.move(request.principal, reason, idempotency);
    },
  );
}

function toAnswer({ credential_id, name, rp_id, origin, registered_at, used_at }: Passkey) {
  return { credential_id, name, rp_id, origin, registered_at, used_at: used_at ?? null };
}
