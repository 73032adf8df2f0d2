import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { LedgerViews } from './ledger-views.ts';

const tags = ['ledger'];
const config = { permission: 'exception:read' } as const;
const indexParameter = z.object({
  index: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
});
const text = { 200: z.string() };

const entryAnswer = z.object({
  index: z.int(),
  envelope: z.unknown(),
  envelope_base64: z.string(),
  salt_base64: z.string().nullable(),
  payload: z.string().nullable(),
});

/** `/v1/ledger`: checkpoint, key, tiles, entries and receipts. */
export function addLedgerRoutes(app: FastifyInstance, views: LedgerViews): void {
  app.get(
    '/ledger/checkpoint',
    { config, schema: { tags, summary: 'The newest signed checkpoint', response: text } },
    async (request, reply) =>
      reply.type('text/plain; charset=utf-8').send(await views.checkpoint(tenantOf(request))),
  );
  app.get(
    '/ledger/key',
    { config, schema: { tags, summary: 'The key that verifies checkpoints', response: text } },
    async (request, reply) =>
      reply.type('text/plain; charset=utf-8').send(`${await views.key(tenantOf(request))}\n`),
  );
  app.get(
    '/ledger/tile/*',
    {
      config,
      schema: {
        tags,
        summary: 'A tile of hashes or a bundle of entries (C2SP tlog-tiles)',
        response: text,
      },
    },
    async (request, reply) => {
      const path = `tile/${(request.params as { '*': string })['*']}`;
      const bytes = await views.tile(tenantOf(request), path);
      return reply.type('application/octet-stream').send(Buffer.from(bytes));
    },
  );
  app.get(
    '/ledger/entries/:index',
    {
      config,
      schema: {
        tags,
        summary: 'One entry with what it commits to',
        params: indexParameter,
        response: { 200: entryAnswer },
      },
    },
    async (request) => views.entry(request.principal, indexOf(request)),
  );
  app.get(
    '/ledger/entries/:index/proof',
    {
      config,
      schema: {
        tags,
        summary: 'A receipt that proves the entry offline (C2SP tlog-proof)',
        params: indexParameter,
        response: text,
      },
    },
    async (request, reply) =>
      reply
        .type('text/plain; charset=utf-8')
        .send(await views.proof(tenantOf(request), indexOf(request))),
  );
}

function tenantOf(request: FastifyRequest): string {
  return request.principal.tenantId;
}

function indexOf(request: FastifyRequest): number {
  return (request.params as { index: number }).index;
}
