import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reach } from '../../platform/db/transaction.ts';
import type { Check } from './check.ts';

const diagnosis = z.object({
  checks: z.array(
    z.object({
      name: z.string(),
      state: z.enum(['ok', 'warning', 'problem']),
      message: z.string(),
      mend: z.string().optional(),
    }),
  ),
});

/** `GET /v1/diagnosis`: what is wrong with the server, and how to mend it. */
export function addDiagnosisRoute(
  app: FastifyInstance,
  diagnoseFor: (reach: Reach) => Promise<Check[]>,
): void {
  app.get(
    '/diagnosis',
    {
      config: { permission: 'diagnosis:read' },
      schema: {
        tags: ['administration'],
        summary: 'What is wrong with the server, and how to mend it',
        response: { 200: diagnosis },
      },
    },
    async (request) => ({ checks: await diagnoseFor(request.principal) }),
  );
}
