import type { FastifyInstance } from 'fastify';
import type { Permission } from '../domain/access/permissions.ts';
import { assertPermitted, type Principal } from '../domain/access/principal.ts';

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

/** Tells who a bearer token belongs to, or refuses. */
export type Authenticate = (bearer: string | undefined) => Promise<Principal>;

const BEARER = /^Bearer +(\S+)$/i;

/**
 * Guards every route of a scope: who sends the request is known, and permitted, before its body is
 * read. A route that names no permission cannot be added: what nobody decided is refused.
 */
export function guardRoutes(scope: FastifyInstance, authenticate: Authenticate): void {
  scope.decorateRequest('principal', null as unknown as Principal);
  scope.addHook('onRoute', (route) => {
    if (!route.config?.permission)
      throw new Error(`${route.method} ${route.url} names no permission`);
  });
  scope.addHook('onRequest', async (request) => {
    const header = request.headers.authorization;
    request.principal = await authenticate(
      header === undefined ? undefined : BEARER.exec(header)?.[1],
    );
    const permission = request.routeOptions.config.permission;
    if (permission) assertPermitted(request.principal, permission);
  });
}
