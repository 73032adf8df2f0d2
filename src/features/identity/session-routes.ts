import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ALL_ROLES, rolesOf } from '../../domain/access/actor.ts';
import { isGranted, type Principal } from '../../domain/access/principal.ts';
import { isBarred, type Strike } from '../../domain/circumvention/strikes.ts';
import { CLASSIFICATIONS } from '../../domain/exception/fields.ts';
import { idempotencyOf } from '../../platform/http/caller.ts';
import type { SessionService } from './session-service.ts';
import type { SessionRow } from './session-store.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The session whose cookie opened the request; a token has none. */
    session: Omit<SessionRow, 'person_id'> | undefined;
  }
}

const signedIn = z.object({
  method: z.enum(['oidc', 'link', 'workload']),
  issuer: z.string().optional(),
  subject: z.string().optional(),
});
const sessionAnswer = z.object({
  session_id: z.string(),
  person_id: z.string(),
  current: z.boolean().describe('whether it is the one that asks'),
  signed_in: signedIn,
  user_agent: z.string().nullable(),
  created_at: z.string(),
  seen_at: z.string(),
  ends_at: z.string().describe('at the latest'),
});
const meAnswer = z.object({
  tenant_org: z.string(),
  id: z.string(),
  name: z.string(),
  email: z.string().nullable(),
  roles: z.array(z.enum(ALL_ROLES)),
  clearance: z.enum(CLASSIFICATIONS).describe('content of a higher classification is not shown'),
  signed_in: signedIn.nullable().describe('null for a token'),
  session_ends_at: z.string().nullable(),
  fresh_until: z
    .string()
    .nullable()
    .describe('until when your sign-in is fresh enough for what gives access; null for a token'),
  strikes: z
    .array(z.object({ alert_id: z.string(), at: z.string() }))
    .describe('ended access that you have given again: the first is a warning'),
  has_lost_privileges: z
    .boolean()
    .describe('two strikes: privileged access is refused until security lifts them'),
});
const tags = ['sessions'];
const config = { permission: 'session:own' } as const;

/** `/v1/me` and `/v1/sessions`: who asks, and where they are signed in. */
export function addSessionRoutes(
  app: FastifyInstance,
  sessions: SessionService,
  strikesOf: (principal: Principal) => Promise<readonly Strike[]>,
): void {
  const freshUntil = (session: FastifyRequest['session']) => {
    const until = session && sessions.freshUntil(session);
    return until === undefined ? null : new Date(until).toISOString();
  };
  app.get(
    '/me',
    { config, schema: { tags, summary: 'Who you are', response: { 200: meAnswer } } },
    async ({ principal, session }) => {
      const { tenantId, actor, clearance } = principal;
      const strikes = await strikesOf(principal);
      return {
        tenant_org: tenantId,
        id: actor.id,
        name: actor.name,
        email: actor.email ?? null,
        roles: rolesOf(actor),
        clearance,
        signed_in: actor.signed_in ?? null,
        session_ends_at: session?.ends_at.toISOString() ?? null,
        fresh_until: freshUntil(session),
        strikes: strikes.map(({ alert_id, at }) => ({ alert_id, at })),
        has_lost_privileges: isBarred(strikes),
      };
    },
  );

  app.get(
    '/sessions',
    {
      config,
      schema: {
        tags,
        summary:
          "Your live sessions, newest first; with person, an administrator sees somebody else's",
        querystring: z.strictObject({ person: z.string().max(64).optional() }),
        response: { 200: z.object({ items: z.array(sessionAnswer) }) },
      },
    },
    async (request) => {
      const { tenantId, actor } = request.principal;
      const { person = actor.id } = request.query as { person?: string };
      const whose = person === actor.id || managesSessions(request) ? person : actor.id;
      const found = await sessions.list(tenantId, whose);
      return { items: found.map((row) => toAnswer(row, request.session?.session_id)) };
    },
  );

  app.delete(
    '/sessions/:id',
    {
      config,
      schema: {
        tags,
        summary: 'End a session; one that has ended is fine',
        params: z.object({ id: z.string().regex(/^[\w-]{1,64}$/, 'is not an id') }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { id } = request.params as { id: string };
      // Signing out takes no more than being signed in.
      if (request.session && request.session.session_id !== id)
        sessions.assertFresh(request.session);
      const of = managesSessions(request) ? undefined : request.principal.actor.id;
      const idempotency = idempotencyOf(request, request.principal.actor.id);
      await sessions.end(request.principal, id, { reason: 'revoked', of, idempotency });
      return reply.code(204).send();
    },
  );
}

function managesSessions({ principal }: FastifyRequest): boolean {
  return isGranted(principal, 'session:manage');
}

function toAnswer(row: SessionRow, current: string | undefined) {
  const { session_id, person_id, signed_in, user_agent, created_at, seen_at, ends_at } = row;
  return {
    ...{ session_id, person_id, signed_in, user_agent, current: session_id === current },
    created_at: created_at.toISOString(),
    seen_at: seen_at.toISOString(),
    ends_at: ends_at.toISOString(),
  };
}
