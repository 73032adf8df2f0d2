import type { FastifyInstance } from 'fastify';
import type { Database } from '../platform/db/transaction.ts';
import { singleFlight } from '../platform/http/single-flight.ts';

/** What readiness is measured against. */
export interface HealthOptions {
  readonly db: Database;
  /** The migration that this release needs. */
  readonly schemaVersion: string;
  /** True while the server drains: load balancers send new requests elsewhere. */
  readonly isDraining: () => boolean;
}

const WORKER_SEEN_WITHIN = '30 seconds';
const NO_TENANT = '00000000000000000000000000';
const NOTHING_READY = { database: false, schema: false, worker: false };

/** `/healthz`: the process answers. `/readyz`: database, schema and worker are there. */
export function addHealthRoutes(
  app: FastifyInstance,
  { db, schemaVersion, isDraining }: HealthOptions,
): void {
  const check = singleFlight(() => readiness(db, schemaVersion).catch(() => NOTHING_READY));
  app.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'ok' }));
  app.get('/readyz', { schema: { hide: true } }, async (_, reply) => {
    const checks = await check();
    const ready = !isDraining() && Object.values(checks).every(Boolean);
    return reply
      .code(ready ? 200 : 503)
      .send({ status: ready ? 'ready' : 'not ready', draining: isDraining(), checks });
  });
}

function readiness(db: Database, schemaVersion: string) {
  return db.inTenant(NO_TENANT, async (tx) => {
    const [row] = await tx.query<{ schema: boolean; worker: boolean }>(
      `SELECT EXISTS (SELECT FROM lapse.schema_migrations WHERE name = $1) AS schema,
              EXISTS (SELECT FROM lapse.worker_heartbeats
                      WHERE seen_at > clock_timestamp() - interval '${WORKER_SEEN_WITHIN}') AS worker`,
      [schemaVersion],
    );
    return { database: true, schema: row?.schema === true, worker: row?.worker === true };
  });
}
