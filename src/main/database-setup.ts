import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, type ClientConfig } from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';
import { type Config, type ConfigSecrets, ConfigurationError } from '../platform/config/config.ts';
import { migrate, newestMigration } from '../platform/db/migrate.ts';
import type { Login } from '../platform/db/roles.ts';
import { startPrivatePostgres } from '../platform/postgres/private-postgres.ts';
import { acquireServerLock } from '../platform/postgres/server-lock.ts';
import { projectRoot } from './project-root.ts';

/** A database that is ready to serve, and how to let go of it. */
export interface ReadyDatabase {
  readonly application: ClientConfig;
  readonly worker: ClientConfig;
  /** What deletes tenants; undefined where nobody named its login, and another host deletes them. */
  readonly retention: ClientConfig | undefined;
  readonly schemaVersion: string;
  /** Stops the private PostgreSQL; does nothing for one that is given. */
  stop(): Promise<void>;
}

/** Where the migrations lie. */
export function migrationsFolder(): string {
  return join(projectRoot(), 'migrations');
}

/** The private PostgreSQL, or the database of `DATABASE_URL`, with its logins. */
export function prepareDatabase(
  config: Config,
  secrets: ConfigSecrets,
  progress: (text: string) => void,
): Promise<ReadyDatabase> {
  return secrets.databaseUrl === undefined
    ? preparePrivate(config, progress)
    : prepareGiven(secrets.databaseUrl, config, secrets);
}

/** `lapse migrate`: brings a database to this release, and sets up the logins that the URLs name. */
export async function migrateGiven(
  config: Config,
  secrets: ConfigSecrets,
  progress: (text: string) => void,
) {
  const admin = administrator(secrets, 'may create roles and schemas');
  const logins = await givenLogins(config, secrets);
  return migrate({ admin, folder: migrationsFolder(), logins, progress });
}

/** The connection of `DATABASE_ADMIN_URL`; refused without it, saying what that login has to be. */
export function administrator(secrets: ConfigSecrets, ability: string): ClientConfig {
  const { databaseAdminUrl: url } = secrets;
  if (!url) throw new ConfigurationError(`set DATABASE_ADMIN_URL to a login that ${ability}`);
  return connectionOf(url, 'DATABASE_ADMIN_URL');
}

/** The logins that the URLs of a given database name; none where no URL does. */
export async function givenLogins(config: Config, secrets: ConfigSecrets): Promise<Login[]> {
  const { databaseUrl: url } = secrets;
  if (!url) return [];
  const { application, worker, retention } = await givenConnections(url, config, secrets);
  return [
    loginOf(application, 'lapse_app'),
    loginOf(worker, 'lapse_worker'),
    ...(retention ? [loginOf(retention, 'lapse_retention')] : []),
  ];
}

async function preparePrivate(
  config: Config,
  progress: (text: string) => void,
): Promise<ReadyDatabase> {
  const postgres = await startPrivatePostgres({ dataDir: config.dataDir, progress });
  const lockClient = new Client(postgres.connection);
  // The lock goes with its session; that it ended is noticed when the pools fail.
  lockClient.on('error', () => {});
  await lockClient.connect();
  try {
    await acquireServerLock(lockClient);
  } catch (error) {
    await lockClient.end();
    throw error;
  }
  const folder = migrationsFolder();
  const logins: Login[] = [
    {
      name: 'lapse_application_login',
      group: 'lapse_app',
      password: randomBytes(24).toString('base64url'),
    },
    {
      name: 'lapse_worker_login',
      group: 'lapse_worker',
      password: randomBytes(24).toString('base64url'),
    },
    {
      name: 'lapse_retention_login',
      group: 'lapse_retention',
      password: randomBytes(24).toString('base64url'),
    },
  ];
  await migrate({ admin: postgres.connection, folder, logins, progress });
  const as = (login: Login | undefined): ClientConfig => ({
    ...postgres.connection,
    user: login?.name,
    password: login?.password,
  });
  return {
    application: as(logins[0]),
    worker: as(logins[1]),
    retention: as(logins[2]),
    schemaVersion: await newestMigration(folder),
    async stop() {
      await lockClient.end();
      await postgres.stop();
    },
  };
}

async function prepareGiven(
  url: string,
  config: Config,
  secrets: ConfigSecrets,
): Promise<ReadyDatabase> {
  const { application, worker, retention } = await givenConnections(url, config, secrets);
  const schemaVersion = await newestMigration(migrationsFolder());
  await assertServable(application, schemaVersion, 'lapse_app');
  await assertServable(worker, schemaVersion, 'lapse_worker');
  if (retention) await assertServable(retention, schemaVersion, 'lapse_retention');
  return { application, worker, retention, schemaVersion, stop: async () => {} };
}

/** Refuses a database or a login that Lapse must not serve with, and says what to do. */
async function assertServable(
  config: ClientConfig,
  schemaVersion: string,
  group: string,
): Promise<void> {
  const client = new Client({ ...config, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const { rows } = await client.query<{
      version: number;
      super: boolean;
      owner: boolean;
      member: boolean;
      others: boolean;
      schema: boolean;
    }>(
      `SELECT current_setting('server_version_num')::int AS version, r.rolsuper OR r.rolbypassrls AS super,
         to_regrole('lapse_owner') IS NOT NULL AND pg_has_role(current_user, to_regrole('lapse_owner'), 'MEMBER') AS owner,
         to_regrole('${group}') IS NOT NULL AND pg_has_role(current_user, to_regrole('${group}'), 'MEMBER') AS member,
         EXISTS (SELECT FROM pg_roles o WHERE o.rolname IN ('lapse_app', 'lapse_worker', 'lapse_retention', 'lapse_backup')
           AND o.rolname <> '${group}' AND pg_has_role(current_user, o.oid, 'MEMBER')) AS others,
         to_regclass('lapse.schema_migrations') IS NOT NULL AS schema
       FROM pg_roles r WHERE r.rolname = current_user`,
    );
    const [found] = rows;
    if (!found || found.version < 160_000)
      throw new ConfigurationError('Lapse needs PostgreSQL 16 or newer');
    if (found.super || found.owner) {
      throw new ConfigurationError(
        'the login of DATABASE_URL is a superuser or owns the schema; give Lapse a login of its own: run `lapse migrate` with DATABASE_ADMIN_URL, which makes it',
      );
    }
    // Policies of several roles add up: the worker's would show the application every tenant.
    if (found.member && found.others) {
      throw new ConfigurationError(
        `a login of Lapse acts as ${group} and as another of its roles too, so that tenants would not be kept apart; give DATABASE_URL, DATABASE_WORKER_URL and DATABASE_RETENTION_URL a login each`,
      );
    }
    const migrated = found.schema && found.member && (await hasMigration(client, schemaVersion));
    if (!migrated) {
      throw new ConfigurationError(
        'the database is not at this release; run `lapse migrate` with DATABASE_ADMIN_URL',
      );
    }
  } finally {
    await client.end();
  }
}

/** Whether a migration was applied. */
export async function hasMigration(client: Client, name: string): Promise<boolean> {
  const { rowCount } = await client.query('SELECT FROM lapse.schema_migrations WHERE name = $1', [
    name,
  ]);
  return rowCount === 1;
}

/**
 * The logins of a database that is given. The worker's and the retention's, where nobody named them,
 * lie beside the application's, their passwords kept in the data folder; several hosts share them
 * through `DATABASE_WORKER_URL` and `DATABASE_RETENTION_URL`.
 */
async function givenConnections(url: string, config: Config, secrets: ConfigSecrets) {
  const application = connectionOf(url, 'DATABASE_URL');
  const { databaseWorkerUrl: workerUrl } = secrets;
  const retentionUrl = secrets.databaseRetentionUrl;
  const beside = async (name: 'worker' | 'retention'): Promise<ClientConfig> => ({
    ...application,
    user: `lapse_${name}_login`,
    password: await keptPassword(join(config.dataDir, `${name}-password`)),
  });
  const worker = workerUrl
    ? connectionOf(workerUrl, 'DATABASE_WORKER_URL')
    : await beside('worker');
  const retention = retentionUrl
    ? connectionOf(retentionUrl, 'DATABASE_RETENTION_URL')
    : workerUrl
      ? undefined
      : await beside('retention');
  return { application, worker, retention };
}

function connectionOf(url: string, variable: string): ClientConfig {
  try {
    return parseIntoClientConfig(url);
  } catch {
    // The parser's message would repeat the URL, and with it the password.
    throw new ConfigurationError(
      `${variable} is not a PostgreSQL URL: postgresql://login:password@host:5432/database`,
    );
  }
}

async function keptPassword(file: string): Promise<string> {
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
  try {
    await writeFile(file, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return (await readFile(file, 'utf8')).trim();
}

function loginOf({ user, password }: ClientConfig, group: Login['group']): Login {
  if (!user) throw new ConfigurationError('the database URL has to name a login');
  return typeof password === 'string' && password !== ''
    ? { name: user, group, password }
    : { name: user, group };
}
