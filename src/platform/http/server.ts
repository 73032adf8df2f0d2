import { createHash, randomUUID } from 'node:crypto';
import fastifyHelmet from '@fastify/helmet';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifySchemaCompiler,
  LogController,
} from 'fastify';
import type { Logger } from 'pino';
import { DomainError } from '../../domain/errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { traceRequests } from '../telemetry/tracing.ts';
import { answerClientError } from './client-error.ts';
import { handleError, sendMethodNotAllowed, sendProblem } from './problem.ts';

/** What a server needs from its surroundings. */
export interface ServerOptions {
  readonly logger: Logger;
  /** Checks bodies, parameters and queries against their schemas; throws a refusal. */
  readonly validatorCompiler: FastifySchemaCompiler<unknown>;
  /** Largest body in bytes that a route accepts unless it says otherwise. */
  readonly bodyLimit?: number;
  /** Whether people reach it over https: then browsers are told never to come in the clear. */
  readonly https?: boolean;
  /** Addresses and networks whose `X-Forwarded-For` is believed; nobody's unless told. */
  readonly trustedProxies?: readonly string[];
  /** Is told of every request that was answered. */
  readonly requestAnswered?: Metrics['requestAnswered'];
}

const MEGABYTE = 1024 * 1024;
const REQUEST_ID = /^[\w-]{1,64}$/;
/** Deeper JSON is no record; the parser itself has no limit. */
const JSON_DEPTH = 64;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const YEAR_IN_SECONDS = 31_536_000;
/** What no page of Lapse asks a browser for, and nothing in one may. */
const DEVICES = ['camera', 'display-capture', 'geolocation', 'microphone', 'payment', 'usb'];
const PERMISSIONS_POLICY = DEVICES.map((device) => `${device}=()`).join(', ');
const CSP = "default-src 'none';frame-ancestors 'none'";

declare module 'fastify' {
  interface FastifyRequest {
    /** SHA-256 of the body's bytes, for idempotency. */
    bodyHash: Uint8Array;
    /** The code of the problem that the request was answered with. */
    refusal: string | undefined;
  }
}

/**
 * A server with everything that holds for all routes: request ids, time-outs, body limits, security
 * headers, problem details. Routes are added by whoever composes it.
 */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: options.logger,
    bodyLimit: options.bodyLimit ?? MEGABYTE,
    trustProxy: options.trustedProxies?.length ? [...options.trustedProxies] : false,
    requestTimeout: 60_000,
    connectionTimeout: 60_000,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    // A request that got in before the drain began is served, on a connection that then closes.
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => {
      // No hook runs for a URL that cannot be read.
      markAnswer(request, reply);
      reply.headers({ 'content-security-policy': CSP, 'x-content-type-options': 'nosniff' });
      handleError(error, request, reply);
    },
    // Node refuses longer URLs as a whole; how long an id may be is each route's own matter.
    routerOptions: { maxParamLength: 16_384 },
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'request_id',
    }),
  }) as unknown as FastifyInstance;
  app.setValidatorCompiler(options.validatorCompiler);
  // Answers are built from typed values: checking them again would only cost time.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.setErrorHandler(handleError);
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '/';
    const allowed = METHODS.filter((method) => app.findRoute({ method, url: path }) !== null);
    if (allowed.length > 0) return sendMethodNotAllowed(reply, allowed);
    const message = `there is nothing at ${request.method} ${path}; /docs lists what there is`;
    return sendProblem(reply, new DomainError('not-found', message));
  });
  await app.register(fastifyHelmet, {
    contentSecurityPolicy: {
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      useDefaults: false,
    },
    frameguard: { action: 'deny' },
    strictTransportSecurity: (options.https ?? false) ? { maxAge: YEAR_IN_SECONDS } : false,
  });
  app.removeContentTypeParser(['application/json', 'text/plain']);
  addJsonParser(app);
  traceRequests(app);
  addHooks(app, options.requestAnswered);
  return app;
}

function addHooks(
  app: FastifyInstance,
  requestAnswered: ServerOptions['requestAnswered'] = () => {},
): void {
  app.decorateRequest('bodyHash', null as unknown as Uint8Array);
  app.decorateRequest('refusal', undefined);
  app.addHook('onRequest', async (request, reply) => {
    markAnswer(request, reply);
    request.bodyHash = EMPTY_BODY;
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request;
    requestAnswered({
      method,
      route: routeOptions.url ?? 'unmatched',
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1_000,
    });
    // The route's pattern, not the URL: a path or query may hold what does not belong in a log.
    request.log.info(
      {
        method,
        route: routeOptions.url,
        status: reply.statusCode,
        refusal: request.refusal,
        ms: Math.round(reply.elapsedTime),
      },
      'request',
    );
  });
}

function markAnswer(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id);
  reply.header('cache-control', 'no-store');
  reply.header('permissions-policy', PERMISSIONS_POLICY);
}

const EMPTY_BODY = createHash('sha256').digest();

/** JSON as UTF-8 that is checked, hashed and bounded in depth; an empty body is no body. */
export function addJsonParser(app: FastifyInstance, type = 'application/json'): void {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  app.addContentTypeParser(type, { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer;
    request.bodyHash = createHash('sha256').update(bytes).digest();
    if (bytes.length === 0) return done(null, undefined);
    try {
      const value: unknown = JSON.parse(decoder.decode(bytes));
      assertHarmless(value, JSON_DEPTH);
      done(null, value);
    } catch (error) {
      done(error instanceof DomainError ? error : notJson(error), undefined);
    }
  });
}

function notJson(error: unknown): DomainError {
  // The parser's own recursion ends far beyond the depth that is allowed.
  if (error instanceof RangeError) return tooDeep();
  const detail = error instanceof Error ? error.message : '';
  return new DomainError('invalid-request', `the body is not JSON in UTF-8: ${detail}`);
}

/** Refuses what is nested too deep, and a key that some code would take for the prototype. */
function assertHarmless(value: unknown, left: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (left === 0) throw tooDeep();
  if (Object.hasOwn(value, '__proto__'))
    throw new DomainError('invalid-request', 'the body has a key __proto__');
  for (const inner of Object.values(value)) assertHarmless(inner, left - 1);
}

function tooDeep(): DomainError {
  return new DomainError('invalid-request', `the body is nested deeper than ${JSON_DEPTH} levels`);
}
