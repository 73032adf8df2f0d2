import { Readable } from 'node:stream';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { z } from 'zod';
import { DomainError } from '../../domain/errors.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import { policyPack } from '../../domain/policy/policy-pack.ts';
import type { Reach } from '../../platform/db/transaction.ts';

/** Compares a pack with the one in force over a tenant's register, batch by batch. */
type Compare = (
  reach: Reach,
  policy: Policy,
) => AsyncGenerator<{ readonly affected: readonly object[]; readonly counts: object }, void>;

/** How many one process does at a time: each has a connection of its own. */
const AT_ONCE = 2;

/**
 * `POST /v1/policy/diff`: newline-delimited JSON. Lines of `{"record": …}` for each record of which
 * the pack would ask more, and of `{"progress": …}`; then one of `{"result": …}` with the counts, or
 * of `{"error": …}` where the comparison could not go on.
 */
export function addComparisonRoute(app: FastifyInstance, compare: Compare): void {
  const running = new Set<Readable>();
  // The server stops within seconds, a large register takes minutes: whoever asked can ask again.
  app.addHook('preClose', async () => {
    for (const comparison of running) comparison.destroy();
  });
  app.post(
    '/policy/diff',
    {
      config: { permission: 'policy:read' },
      schema: {
        tags: ['policy'],
        summary:
          'What a pack would ask of every request and open record, were it in force (NDJSON)',
        body: policyPack,
        response: { 200: z.string() },
      },
    },
    async (request, reply) => {
      if (running.size >= AT_ONCE) {
        const message = `${AT_ONCE} comparisons are running already; try again when one is done`;
        throw new DomainError('unavailable', message);
      }
      const batches = compare(request.principal, request.body as Policy);
      const lines = Readable.from(linesOf(batches, request.log), { objectMode: false });
      running.add(lines);
      lines.once('close', () => running.delete(lines));
      return reply.type('application/x-ndjson').send(lines);
    },
  );
}

async function* linesOf(
  batches: ReturnType<Compare>,
  log: FastifyBaseLogger,
): AsyncGenerator<Buffer, void> {
  let counts: object | undefined;
  try {
    for await (const batch of batches) {
      counts = batch.counts;
      const lines = [...batch.affected.map((record) => ({ record })), { progress: counts }];
      yield Buffer.from(lines.map(line).join(''));
    }
    yield Buffer.from(line({ result: counts }));
  } catch (error) {
    log.error({ err: error }, 'a comparison of policies failed');
    const detail = 'the comparison could not be completed';
    yield Buffer.from(line({ error: { code: 'unavailable', detail } }));
  }
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
