import type { FastifyInstance } from 'fastify';
import type { Lapse } from './compose.ts';

/**
 * `/metrics` for Prometheus. It needs no token, as scrapers expect, and so tells of all tenants
 * together in counts alone: no id, no name, no title.
 */
export function addMetricsRoute(
  app: FastifyInstance,
  { readMetrics, metrics }: Pick<Lapse, 'readMetrics' | 'metrics'>,
): void {
  app.get('/metrics', { schema: { hide: true } }, async (_, reply) =>
    reply.type(metrics.registry.contentType).send(await readMetrics()),
  );
}
