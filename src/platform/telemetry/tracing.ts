import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { FastifyInstance } from 'fastify';

// Only the API is here: without an SDK all of this does nothing and costs next to nothing. Whoever
// wants traces loads an SDK with NODE_OPTIONS=--import (docs/guide/operations.md).
const tracer = () => trace.getTracer('lapse');

declare module 'fastify' {
  interface FastifyRequest {
    /** The trace that the request belongs to, its own span included. */
    traceContext: Context;
  }
}

/** A span for each request, as the child of what `traceparent` names (W3C Trace Context). */
export function traceRequests(app: FastifyInstance): void {
  app.decorateRequest('traceContext', null as unknown as Context);
  app.addHook('onRequest', (request, _, done) => {
    const parent = propagation.extract(ROOT_CONTEXT, request.headers);
    const route = request.routeOptions.url ?? 'unmatched';
    const span = tracer().startSpan(
      `${request.method} ${route}`,
      {
        kind: SpanKind.SERVER,
        attributes: {
          'http.request.method': request.method,
          'http.route': route,
          'lapse.request_id': request.id,
        },
      },
      parent,
    );
    request.traceContext = trace.setSpan(parent, span);
    context.with(request.traceContext, done);
  });
  // Reading the body goes through the socket's events, which know nothing of the request's context.
  app.addHook('preHandler', (request, _, done) => context.with(request.traceContext, done));
  app.addHook('onResponse', async (request, reply) => {
    const span = trace.getSpan(request.traceContext);
    span?.setAttribute('http.response.status_code', reply.statusCode);
    if (reply.statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
  });
}

/** Runs work in a span of its own where it belongs to a trace; by itself it begins none. */
export async function inSpan<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (!trace.getActiveSpan()) return work();
  return tracer().startActiveSpan(name, async (span) => {
    try {
      return await work();
    } catch (error) {
      fail(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** A span of something that is over, begun at `startedAt` (epoch milliseconds). */
export function recordSpan(
  name: string,
  startedAt: number,
  attributes: Readonly<Record<string, string | number>>,
): void {
  tracer().startSpan(name, { startTime: startedAt, attributes }, ROOT_CONTEXT).end();
}

/** What a log line says of the trace it was written in. */
export function traceFields(): { trace_id?: string; span_id?: string } {
  const span = trace.getActiveSpan()?.spanContext();
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
}

/** The error's class alone: messages may hold what people wrote. */
function fail(span: Span, error: unknown): void {
  const type = error instanceof Error ? error.constructor.name : typeof error;
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
