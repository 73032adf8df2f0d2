import { setTimeout as pause } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import { type Config, type ConfigSecrets, ConfigurationError } from '../platform/config/config.ts';
import { newestMigration } from '../platform/db/migrate.ts';
import type { Login } from '../platform/db/roles.ts';
import { findClusterRecord } from '../platform/postgres/cluster-record.ts';
import { startPrivatePostgres } from '../platform/postgres/private-postgres.ts';
import { acquireServerLock } from '../platform/postgres/server-lock.ts';
import { administrator, givenLogins, hasMigration, migrationsFolder } from './database-setup.ts';

/** A database that backup or restore works on, and how to let go of it. */
export interface AdministeredDatabase {
  /** As its administrator. */
  readonly connection: ClientConfig;
  /** Logins that it has to know, so that servers can use it. */
  readonly logins: readonly Login[];
  /** Stops the private PostgreSQL where this started it and nobody else uses it by now. */
  close(): Promise<void>;
}

/**
 * The database of a register that exists, whether or not a server runs on it.
 *
 * @throws ConfigurationError where there is none, or one of another release
 */
export async function reachForBackup(
  config: Config,
  secrets: ConfigSecrets,
  progress: (text: string) => void,
): Promise<AdministeredDatabase> {
  if (secrets.databaseUrl !== undefined) {
    const connection = administrator(secrets, 'may act as lapse_backup');
    await assertThisRelease(connection);
    return { connection, logins: [], close: async () => {} };
  }
  if (!findClusterRecord(config.dataDir)?.systemIdentifier) {
    throw new ConfigurationError(
      `there is no register in ${config.dataDir}: set LAPSE_DATA to the server's data folder, or DATABASE_URL to its database`,
    );
  }
  const postgres = await startPrivate(config, progress);
  try {
    await assertThisRelease(postgres.connection);
    return postgres;
  } catch (error) {
    await postgres.close();
    throw error;
  }
}

/**
 * The database to restore into; a private one is made where there is none, and no server can start
 * on it until it is closed.
 */
export async function reachForRestore(
  config: Config,
  secrets: ConfigSecrets,
  progress: (text: string) => void,
): Promise<AdministeredDatabase> {
  if (secrets.databaseUrl !== undefined) {
    const connection = administrator(secrets, 'may create roles and schemas');
    const logins = await givenLogins(config, secrets);
    return { connection, logins, close: async () => {} };
  }
  const postgres = await startPrivate(config, progress);
  const lockClient = new Client(postgres.connection);
  // The lock goes with its session; that it ended shows in the restore's own connection.
  lockClient.on('error', () => {});
  const close = async () => {
    await lockClient.end();
    await postgres.close();
  };
  try {
    await lockClient.connect();
    await acquireServerLock(lockClient);
    return { ...postgres, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startPrivate(
  { dataDir }: Config,
  progress: (text: string) => void,
): Promise<AdministeredDatabase> {
  const postgres = await startPrivatePostgres({ dataDir, progress });
  const { connection, adopted } = postgres;
  return {
    connection,
    logins: [],
    async close() {
      // A server that was started meanwhile has adopted it, and stops it when it ends.
      if (!adopted && !(await isUsed(connection))) await postgres.stop();
    },
  };
}

const LOOKS = 20;
const BETWEEN_LOOKS_MS = 50;

/** Whether others are connected, for longer than a session that has ended is still listed. */
function isUsed(connection: ClientConfig): Promise<boolean> {
  return asking(connection, async (client) => {
    for (let look = 0; look < LOOKS; look += 1) {
      const { rowCount } = await client.query(
        "SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() LIMIT 1",
      );
      if (rowCount === 0) return false;
      await pause(BETWEEN_LOOKS_MS);
    }
    return true;
  });
}

async function assertThisRelease(connection: ClientConfig): Promise<void> {
  const version = await newestMigration(migrationsFolder());
  const isThis = await asking(connection, async (client) => {
    const { rows } = await client.query<{ schema: boolean }>(
      "SELECT to_regclass('lapse.schema_migrations') IS NOT NULL AS schema",
    );
    return rows[0]?.schema === true && (await hasMigration(client, version));
  });
  if (isThis) return;
  throw new ConfigurationError(
    `the database is not at ${version}, which this release works with: run \`lapse serve\` (or \`lapse migrate\`) of this release first, or back up with the release that it belongs to`,
  );
}

async function asking<T>(
  connection: ClientConfig,
  ask: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ ...connection, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {});
  await client.connect();
  try {
    return await ask(client);
  } finally {
    await client.end();
  }
}
