import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import { givesAccess, mayChange, type Permission } from '../domain/access/permissions.ts';
import { assertPermitted, type Principal } from '../domain/access/principal.ts';
import { DomainError } from '../domain/errors.ts';
import type { SessionCookie } from '../features/identity/session-cookie.ts';
import type { OpenSession } from '../features/identity/session-service.ts';
import { KnownCredentials } from '../platform/http/known-credentials.ts';
import { type RateLimit, type RequestLimits, rateLimit } from '../platform/http/rate-limits.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sends the request; set before any handler below `/v1` runs. */
    principal: Principal;
  }
  interface FastifyContextConfig {
    /** What the route takes; every route below `/v1` names it. */
    permission?: Permission;
    /** Whether a session needs a fresh sign-in for it; as its permission says unless told. */
    freshSignIn?: boolean;
  }
}

/** What tells who sends a request; each refuses with `unauthenticated`. */
export interface Authentication {
  /** A token of ours or of a workload's platform; `tenant` is whom the request names. */
  readonly bearer: (token: string | undefined, tenant: string | undefined) => Promise<Principal>;
  readonly session: (cookie: string) => Promise<OpenSession>;
  /** Refuses a session whose sign-in is too old for what gives access. */
  readonly assertFresh: (session: OpenSession['session']) => void;
  readonly cookie: SessionCookie;
  readonly limits: RequestLimits;
  /** Why a tenant's register can only be read; undefined where it may be changed. */
  readonly readOnly: (tenantId: string) => Promise<string | undefined>;
}

const BEARER = /^Bearer +(\S+)$/i;
const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);
const NO_PARAMETERS = z.strictObject({});

/**
 * Guards every route of a scope: who sends the request is known, and permitted, before its body is
 * read. A route that names no permission cannot be added: what nobody decided is refused. So is a
 * query parameter that a route does not know, since it would not do what its sender expects. An
 * address from which too many failed is made to wait, except for what was good before.
 */
export function guardRoutes(scope: FastifyInstance, authentication: Authentication): void {
  scope.decorateRequest('principal', null as unknown as Principal);
  scope.decorateRequest('session', undefined);
  scope.addHook('onRoute', (route) => {
    if (!route.config?.permission)
      throw new Error(`${route.method} ${route.url} names no permission`);
    route.schema = { querystring: NO_PARAMETERS, ...route.schema };
  });
  const { limits } = authentication;
  const failures = rateLimit(scope, {
    max: limits.failures,
    what: 'requests of your address did not show who sends them',
  });
  const requests = rateLimit(scope, {
    max: limits.requests,
    what: 'requests came from you',
    keyOf: ({ principal: { tenantId, actor } }) => `${tenantId}/${actor.id}`,
  });
  const known = new KnownCredentials();
  scope.addHook('onRequest', async (request, reply) => {
    await identifyOnce(request, reply, { authentication, failures, known });
    await requests.count(request, reply);
    nameInLog(request);
    if (request.session) authentication.cookie.assertSameSite(request);
    const { permission, freshSignIn } = request.routeOptions.config;
    if (!permission) return;
    assertPermitted(request.principal, permission);
    if (READS.has(request.method)) return;
    if (request.session && (freshSignIn ?? givesAccess(permission)))
      authentication.assertFresh(request.session);
    if (!mayChange(permission)) return;
    const why = await authentication.readOnly(request.principal.tenantId);
    if (why === undefined) return;
    const message = `${why}; it can be read and exported, and what time brings about goes on`;
    throw new DomainError('tenant-suspended', message);
  });
}

interface Tries {
  readonly authentication: Authentication;
  readonly failures: RateLimit;
  readonly known: KnownCredentials;
}

/** Says who sends a request, and slows down an address from which others fail to. */
async function identifyOnce(
  request: FastifyRequest,
  reply: FastifyReply,
  { authentication, failures, known }: Tries,
): Promise<void> {
  const credential = request.headers.authorization ?? authentication.cookie.read(request);
  // Nothing is looked up for whoever sends nothing.
  if (credential === undefined) return identify(request, authentication);
  if (!known.has(credential)) await failures.check(request, reply);
  try {
    await identify(request, authentication);
    known.add(credential);
  } catch (error) {
    if (error instanceof DomainError && error.code === 'unauthenticated') {
      known.remove(credential);
      await failures.note(request);
    }
    throw error;
  }
}

/** A token counts before a cookie, which a browser sends unasked. */
async function identify(
  request: FastifyRequest,
  { bearer, session, cookie }: Authentication,
): Promise<void> {
  const header = request.headers.authorization;
  const value = header === undefined ? cookie.read(request) : undefined;
  if (value === undefined) {
    const tenant = request.headers['lapse-tenant'];
    const token = header === undefined ? undefined : BEARER.exec(header)?.[1];
    request.principal = await bearer(token, typeof tenant === 'string' ? tenant : undefined);
    return;
  }
  const open = await session(value);
  request.principal = open.principal;
  request.session = open.session;
}

/** Every line of the request says who sent it, by an id that is no personal data. */
function nameInLog({ log, principal: { tenantId, actor } }: FastifyRequest): void {
  (log as Logger).setBindings({ tenant: tenantId, principal: actor.id });
}
