import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { CLOCK } from '../domain/access/actor.ts';
import { makeSignInLink } from '../features/identity/sign-in-link.ts';
import { ensureFirstTenant } from '../features/tenants/tenant-service.ts';
import { type Config, type ConfigSecrets, ConfigurationError } from '../platform/config/config.ts';
import { openDatabase } from '../platform/db/database.ts';
import type { Database } from '../platform/db/transaction.ts';
import { createLogger } from '../platform/log/logger.ts';
import { loadMasterKey } from '../platform/secrets/key-file.ts';
import type { MasterKey } from '../platform/secrets/secrets.ts';
import {
  ADMIN_TOKEN_FILE,
  issueAdministratorToken,
  type WrittenToken,
  writeToken,
} from './administrator-token.ts';
import { compose } from './compose.ts';
import { prepareDatabase, type ReadyDatabase } from './database-setup.ts';
import { createHttpApp, createWorkerApp } from './http-app.ts';
import { LAPSE_VERSION } from './version.ts';

/** What `lapse serve` and `lapse work` are started with. */
export interface RunOptions {
  readonly config: Config;
  readonly secrets: ConfigSecrets;
  readonly testClock: boolean;
  /** Add the demonstration's tenant, unless there is one already. */
  readonly demo?: boolean;
  /** Serve the API. */
  readonly api: boolean;
  /** Do the due work. */
  readonly worker: boolean;
  readonly progress: (text: string) => void;
  /** Told how much of the demonstration is made. */
  readonly onDemo?: (done: number, total: number) => void;
  /** Where it logs; standard output unless told. */
  readonly log?: Logger;
}

/** A server that is up. */
export interface RunningServer {
  /** Where it listens; undefined for a worker alone. */
  readonly address: string | undefined;
  /** Where the administrator's token was written, and until when it opens, at the first start alone. */
  readonly adminToken: WrittenToken | undefined;
  /** A link that signs the administrator in once, at the first start alone. */
  readonly signInLink: string | undefined;
  /** Folder with the demonstration's tokens, where one was asked for. */
  readonly demoFolder: string | undefined;
  /** Drains requests, lets the worker finish its batch, and stops PostgreSQL last. */
  stop(): Promise<void>;
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** Starts everything that is asked for, in order; what was started is stopped again if a part fails. */
export async function start(options: RunOptions): Promise<RunningServer> {
  const { config, secrets, testClock, progress } = options;
  if (testClock && !LOOPBACK.has(config.host)) {
    throw new ConfigurationError('--test-clock works on loopback alone: leave LAPSE_HOST unset');
  }
  const stopping: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of stopping.splice(0).reverse()) await end();
  };
  try {
    const ready = await prepareDatabase(config, secrets, progress);
    stopping.push(ready.stop);
    const { application, worker, retention, schemaVersion } = ready;
    const { connections } = config;
    const db = openDatabase({
      ...{ application, worker, connections, testClock },
      ...(retention ? { retention } : {}),
    });
    stopping.push(() => db.close());
    const master = await loadMasterKey(secrets.masterKey, join(config.dataDir, 'master-key'));
    const { tenantId, adminToken, signInLink } = await prepareTenant(db, config, master);
    const demoFolder = options.demo ? await addDemo(options, ready, master, tenantId) : undefined;
    const log = options.log ?? createLogger(config.logLevel);
    const lapse = compose({ config, db, master, log });
    if (options.worker) {
      lapse.loop.start();
      stopping.push(() => lapse.loop.stop());
    }
    let draining = false;
    const http = {
      log,
      version: LAPSE_VERSION,
      schemaVersion,
      testClock,
      isDraining: () => draining,
    };
    const listen = async (app: FastifyInstance, port: number) => {
      await app.listen({ host: config.host, port });
      stopping.push(() => {
        draining = true;
        return app.close();
      });
      return shownAddress(config, app.server.address());
    };
    let address: string | undefined;
    if (options.api) address = await listen(await createHttpApp(lapse, http), config.port);
    else if (config.workPort) await listen(await createWorkerApp(lapse, http), config.workPort);
    return { address, adminToken, signInLink, demoFolder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The first tenant, and what opens it to its administrator where that was made just now. */
interface FirstAccess {
  readonly tenantId: string;
  readonly adminToken: WrittenToken | undefined;
  readonly signInLink: string | undefined;
}

/** Makes the first tenant, and its administrator's token where the tenant has no token at all. */
async function prepareTenant(
  db: Database,
  config: Config,
  master: MasterKey,
): Promise<FirstAccess> {
  const { publicUrl, tenantName, dataDir } = config;
  const tenantId = await db.inSystem((tx) =>
    ensureFirstTenant(tx, tenantName, { publicUrl, master }),
  );
  const issued = await db.inTenant(tenantId, async (tx) => {
    // Of servers that start together one makes the token, and the others see it.
    await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('lapse first token', 0))");
    const known = await tx.query('SELECT FROM lapse.tokens WHERE tenant_id = $1 LIMIT 1', [
      tenantId,
    ]);
    if (known.length > 0) return undefined;
    return issueAdministratorToken(tx, tenantId, CLOCK, Date.now());
  });
  if (issued === undefined) return { tenantId, adminToken: undefined, signInLink: undefined };
  const file = await writeToken(dataDir, ADMIN_TOKEN_FILE, issued.secret);
  const link = await db.inSystem((tx) => makeSignInLink(tx, tenantId, { now: Date.now() }));
  const adminToken = { file, endsAt: issued.endsAt };
  return { tenantId, adminToken, signInLink: `${publicUrl}${link}` };
}

/** Plays the demonstration on connections of its own, whose time can be moved. */
async function addDemo(
  { config, onDemo = () => {} }: RunOptions,
  { application, worker, schemaVersion }: ReadyDatabase,
  master: MasterKey,
  firstTenantId: string,
): Promise<string> {
  const { seedDemo } = await import('./demo/seed-demo.ts');
  const db = openDatabase({ application, worker, connections: 4, testClock: true });
  try {
    const parts = { config, db, master, firstTenantId, schemaVersion, onProgress: onDemo };
    return await seedDemo(parts);
  } finally {
    await db.close();
  }
}

function shownAddress(config: Config, bound: { port: number } | string | null): string {
  const port = typeof bound === 'object' && bound !== null ? bound.port : config.port;
  const host = LOOPBACK.has(config.host) ? 'localhost' : config.host;
  return `http://${host}:${port}`;
}
