import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { STATUSES } from '../../domain/exception/status.ts';
import type { Database } from '../../platform/db/transaction.ts';
import { type PageRequest, pageOf, pageParameters, readPage } from '../../platform/http/paging.ts';
import { type Holding, readHoldings } from './holdings.ts';

const holding = z.object({
  exception_id: z.string(),
  status: z.enum(STATUSES),
  as: z.enum(['owner', 'requestor']).describe('requestor: nobody owns it'),
});

/** What the route needs to know of people: the address of one; refuses with `not-found`. */
export type AddressOf = (tenantId: string, personId: string) => Promise<string | undefined>;

/** `GET /v1/people/{id}/holdings`: what has to be given to others when somebody leaves. */
export function addHoldingRoutes(app: FastifyInstance, db: Database, addressOf: AddressOf): void {
  app.get(
    '/people/:id/holdings',
    {
      config: { permission: 'person:read' },
      schema: {
        tags: ['people'],
        summary: 'Open requests and exceptions that a person answers for; reassign them in bulk',
        params: z.object({ id: z.string().regex(/^[\w-]{1,64}$/, 'is not an id') }),
        querystring: z.strictObject(pageParameters),
        response: { 200: pageOf(holding) },
      },
    },
    async (request) => {
      const { tenantId } = request.principal;
      const { id } = request.params as { id: string };
      const email = await addressOf(tenantId, id);
      if (email === undefined) return { items: [], next_cursor: null };
      return db.inTenant(request.principal, (tx) =>
        readPage(
          'holdings',
          request.query as PageRequest,
          ({ exception_id }: Holding) => exception_id,
          (after, count) => readHoldings(tx, tenantId, email, { after, count }),
        ),
      );
    },
  );
}
