import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ALL_ROLES, ROLES } from '../../domain/access/actor.ts';
import { scopeList } from '../../domain/access/scopes.ts';
import { duration, emailAddress, instant, shortText } from '../../domain/exception/field-shapes.ts';
import { CLASSIFICATIONS } from '../../domain/exception/fields.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import { type PageRequest, pageOf, pageParameters } from '../../platform/http/paging.ts';
import { clearanceOf, type TokenState } from './token-events.ts';
import type { NewToken, TokenService } from './token-service.ts';

const newToken = z
  .strictObject({
    name: shortText.describe('whose it is, or what uses it'),
    email: emailAddress
      .optional()
      .describe('ties the token to a person: nobody approves what they requested'),
    role: z.enum(ROLES),
    scopes: scopeList.optional().describe('what of its role it may use; all of it when left out'),
    clearance: z
      .enum(CLASSIFICATIONS)
      .optional()
      .describe('content of a higher classification is not shown; yours when left out'),
    expires_at: instant.optional().describe('at most a year ahead; 90 days when left out'),
    requested_duration: duration.optional().describe('instead of expires_at: counted from now'),
  })
  .refine(
    (body) => !(body.expires_at && body.requested_duration),
    'must not have both expires_at and requested_duration',
  );

const tokenAnswer = z.object({
  token_id: z.string(),
  name: z.string(),
  email: z.string().nullable(),
  role: z.enum(ALL_ROLES),
  scopes: scopeList.nullable().describe('null: all that its role grants'),
  clearance: z.enum(CLASSIFICATIONS),
  created_at: z.string(),
  created_by: z.string(),
  expires_at: z.string(),
  revoked_at: z.string().nullable(),
});

const tags = ['tokens'];
const config = { permission: 'token:manage' } as const;

/** `/v1/tokens`: the secret is in the answer that makes a token, and nowhere else. */
export function addTokenRoutes(app: FastifyInstance, tokens: TokenService): void {
  app.post(
    '/tokens',
    {
      config,
      schema: {
        tags,
        summary: 'Make a token; its secret is shown this once',
        body: newToken,
        response: { 201: tokenAnswer.extend({ token: z.string().nullable() }) },
      },
    },
    async (request, reply) => {
      const { principal } = request;
      const idempotency = idempotencyOf(request, principal.actor.id);
      const { token, secret } = await tokens.create(
        principal,
        request.body as NewToken,
        idempotency,
      );
      // A repeated request cannot be answered with the secret: nobody has it any more.
      return reply.code(201).send({ ...toAnswer(token), token: secret ?? null });
    },
  );

  app.get(
    '/tokens',
    {
      config,
      schema: {
        tags,
        summary: 'The tokens, newest first, without secrets',
        querystring: z.strictObject(pageParameters),
        response: { 200: pageOf(tokenAnswer) },
      },
    },
    async (request) => {
      const { tenantId } = request.principal;
      const { items, next_cursor } = await tokens.list(tenantId, request.query as PageRequest);
      return { items: items.map(toAnswer), next_cursor };
    },
  );

  app.delete(
    '/tokens/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Revoke a token',
        params: z.object({ id: z.string().regex(/^[\w-]{1,64}$/, 'is not an id') }),
        response: { 200: tokenAnswer },
      },
    },
    async (request) => {
      const { principal } = request;
      const { id } = request.params as { id: string };
      const idempotency = idempotencyOf(request, principal.actor.id);
      return toAnswer(await tokens.revoke(principal, id, idempotency));
    },
  );
}

function toAnswer(state: TokenState) {
  const { secret_sha256: _, email = null, scopes = null, revoked_at = null, ...token } = state;
  return { ...token, email, scopes, revoked_at, clearance: clearanceOf(state) };
}
