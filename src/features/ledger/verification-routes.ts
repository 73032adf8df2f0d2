import { PassThrough } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { VerificationProgress, VerificationResult } from '../../journal/verify-ledger.ts';

/** Verifies a tenant's ledger; stops when the signal says so. */
export type VerifyTenant = (
  tenantId: string,
  onProgress: (progress: VerificationProgress) => void,
  signal: AbortSignal,
) => Promise<VerificationResult>;

/** A line at least this often, so that nobody on the way takes the connection for dead. */
const HEARTBEAT_MS = 10_000;

/**
 * `GET /v1/ledger/verification`: newline-delimited JSON. Lines of `{"progress": {entries, total}}`,
 * then one of `{"result": …}`; or of `{"error": …}` where verification itself could not go on.
 */
export function addVerificationRoutes(app: FastifyInstance, verify: VerifyTenant): void {
  const running = new Set<AbortController>();
  // The server stops within seconds, a large ledger takes minutes: whoever asked can ask again.
  app.addHook('preClose', async () => {
    for (const verification of running) verification.abort();
  });
  app.get(
    '/ledger/verification',
    {
      config: { permission: 'ledger:verify' },
      schema: {
        tags: ['ledger'],
        summary: 'Verify the whole ledger and the register: progress, then the result (NDJSON)',
        response: { 200: z.string() },
      },
    },
    async (request, reply) => {
      const lines = new PassThrough();
      const abort = new AbortController();
      running.add(abort);
      lines.on('close', () => abort.abort());
      const work = writeLines(lines, (onProgress) =>
        verify(request.principal.tenantId, onProgress, abort.signal),
      );
      work
        .catch((error: unknown) => {
          if (!abort.signal.aborted) request.log.error({ err: error }, 'verification failed');
        })
        .finally(() => running.delete(abort));
      return reply.type('application/x-ndjson').send(lines);
    },
  );
}

async function writeLines(
  lines: PassThrough,
  verify: (onProgress: (progress: VerificationProgress) => void) => Promise<VerificationResult>,
): Promise<void> {
  let progress: VerificationProgress = { entries: 0, total: 0 };
  const write = (line: unknown) => {
    if (lines.writable) lines.write(`${JSON.stringify(line)}\n`);
  };
  const heartbeat = setInterval(() => write({ progress }), HEARTBEAT_MS);
  try {
    const result = await verify((next) => {
      progress = next;
      write({ progress });
    });
    write({ result });
  } catch (error) {
    write({ error: { code: 'unavailable', detail: 'the verification could not be completed' } });
    throw error;
  } finally {
    clearInterval(heartbeat);
    lines.end();
  }
}
