import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { DomainError } from '../domain/errors.ts';
import { instant } from '../domain/exception/field-shapes.ts';
import { formatInstant, parseInstant } from '../domain/schedule/instant.ts';
import type { Database } from '../platform/db/transaction.ts';
import type { DueLoop } from '../platform/due/due-loop.ts';
import { setTestClock } from './test-clock.ts';

const clock = z.strictObject({ now: instant });

/** What is reckoned from the time has to have a year of four digits too. */
const LATEST = '9000-01-01T00:00:00.000Z';

/**
 * `PUT /v1/test/clock` and `POST /v1/test/settle`: the domain's time in the hands of tests. Added
 * only with `--test-clock`, on loopback; tokens and TLS stay on real time.
 */
export function addTestClockRoutes(app: FastifyInstance, db: Database, loop: DueLoop): void {
  const tags = ['test'];
  const config = { permission: 'clock:set' } as const;
  const response = { 200: clock };
  app.put(
    '/test/clock',
    {
      config,
      schema: { tags, summary: 'Move the time, and do what is then due', body: clock, response },
    },
    async (request) => {
      const { now } = request.body as z.output<typeof clock>;
      if (now > LATEST) {
        const message = `must not lie after ${LATEST}`;
        throw new DomainError('invalid-request', `now ${message}`, [{ path: 'now', message }]);
      }
      const wanted = parseInstant(now) ?? 0;
      await db.inTenant(request.principal.tenantId, (tx) => setTestClock(tx, wanted));
      await loop.settle();
      return { now: formatInstant(wanted) };
    },
  );
  app.post(
    '/test/settle',
    { config, schema: { tags, summary: 'Do what is due now', response } },
    async (request) => {
      await loop.settle();
      return { now: formatInstant(await db.inTenant(request.principal.tenantId, (tx) => tx.now)) };
    },
  );
}
