import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Permission } from '../domain/access/permissions.ts';
import { assertPermitted, type Principal } from '../domain/access/principal.ts';
import type { SessionCookie } from '../features/identity/session-cookie.ts';
import type { OpenSession } from '../features/identity/session-service.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sends the request; set before any handler below `/v1` runs. */
    principal: Principal;
  }
  interface FastifyContextConfig {
    /** What the route takes; every route below `/v1` names it. */
    permission?: Permission;
  }
}

/** What tells who sends a request; each refuses with `unauthenticated`. */
export interface Authentication {
  readonly token: (bearer: string | undefined) => Promise<Principal>;
  readonly session: (cookie: string) => Promise<OpenSession>;
  readonly cookie: SessionCookie;
}

const BEARER = /^Bearer +(\S+)$/i;
const NO_PARAMETERS = z.strictObject({});

/**
 * Guards every route of a scope: who sends the request is known, and permitted, before its body is
 * read. A route that names no permission cannot be added: what nobody decided is refused. So is a
 * query parameter that a route does not know, since it would not do what its sender expects.
 */
export function guardRoutes(scope: FastifyInstance, authentication: Authentication): void {
  scope.decorateRequest('principal', null as unknown as Principal);
  scope.decorateRequest('session', undefined);
  scope.addHook('onRoute', (route) => {
    if (!route.config?.permission)
      throw new Error(`${route.method} ${route.url} names no permission`);
    route.schema = { querystring: NO_PARAMETERS, ...route.schema };
  });
  scope.addHook('onRequest', async (request) => {
    await identify(request, authentication);
    nameInLog(request);
    if (request.session) authentication.cookie.assertSameSite(request);
    const permission = request.routeOptions.config.permission;
    if (permission) assertPermitted(request.principal, permission);
  });
}

/** A token counts before a cookie, which a browser sends unasked. */
async function identify(
  request: FastifyRequest,
  { token, session, cookie }: Authentication,
): Promise<void> {
  const header = request.headers.authorization;
  const value = header === undefined ? cookie.read(request) : undefined;
  if (value === undefined) {
    request.principal = await token(header === undefined ? undefined : BEARER.exec(header)?.[1]);
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
