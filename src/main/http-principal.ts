import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
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
const NO_PARAMETERS = z.strictObject({});

/**
 * Guards every route of a scope: who sends the request is known, and permitted, before its body is
 * read. A route that names no permission cannot be added: what nobody decided is refused. So is a
 * query parameter that a route does not know, since it would not do what its sender expects.
 */
export function guardRoutes(scope: FastifyInstance, authenticate: Authenticate): void {
  scope.decorateRequest('principal', null as unknown as Principal);
  scope.addHook('onRoute', (route) => {
    if (!route.config?.permission)
      throw new Error(`${route.method} ${route.url} names no permission`);
    route.schema = { querystring: NO_PARAMETERS, ...route.schema };
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
