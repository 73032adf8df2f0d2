import { randomBytes } from 'node:crypto';
import { createReadStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import { openBackup } from '../../src/features/backup/read-backup.ts';
import type { RestoreProgress } from '../../src/features/backup/restore-backup.ts';
import type { KeptNote } from '../../src/journal/verify-checkpoints.ts';
import { type BackupOptions, backUp, type WrittenBackup } from '../../src/main/backup.ts';
import { type RestoredBackup, restore } from '../../src/main/restore.ts';
import { readConfig } from '../../src/platform/config/config.ts';
import type { S3Place } from '../../src/platform/config/s3-place.ts';
import type { Connection } from '../../src/platform/postgres/open-database.ts';
import type { TestApi } from '../support/test-api.ts';

const PASSPHRASE = 'correct horse battery staple';

const silent = () => {};
/** Of what nobody stops. */
const NEVER = new AbortController().signal;

/** The environment of a command that works on a database as its administrator. */
export function environmentFor(
  { host, port, user, password, database }: Connection,
  dataDir: string,
  login = 'backup_app',
): NodeJS.ProcessEnv {
  const url = (name: string, secret: string) =>
    `postgresql://${name}:${encodeURIComponent(secret)}@/${database}?host=${encodeURIComponent(host)}&port=${port}`;
  return {
    LAPSE_DATA: dataDir,
    DATABASE_URL: url(login, 'app'),
    DATABASE_WORKER_URL: url(`${login}_worker`, 'worker'),
    DATABASE_ADMIN_URL: url(user, password),
  };
}

/** Of a test register. */
const MASTER_KEY = Buffer.alloc(32, 7);

/** Backs up a test register, as `lapse backup` does. */
export async function backUpApi(
  api: Pick<TestApi, 'dataDir'> & { readonly register: Pick<TestApi['register'], 'admin'> },
  path: string,
  key: Buffer | null = MASTER_KEY,
  {
    onRows = silent,
    signal = NEVER,
    env = {},
    tenant,
  }: Partial<Pick<BackupOptions, 'onRows' | 'signal' | 'tenant'>> & {
    env?: NodeJS.ProcessEnv;
  } = {},
): Promise<WrittenBackup> {
  const { config, secrets } = await readConfig(
    {
      ...environmentFor(api.register.admin, api.dataDir),
      ...env,
      ...(key && { LAPSE_MASTER_KEY: key.toString('base64') }),
    },
    api.dataDir,
  );
  return backUp({
    ...{ config, secrets, folder: api.dataDir, path, passphrase: PASSPHRASE },
    progress: silent,
    onRows,
    signal,
    tenant,
  });
}

/** A database to restore into, and the data folder of the server that is to use it. */
export interface RestoreTarget {
  readonly connection: Connection;
  readonly dataDir: string;
  readonly admin: pg.Client;
  /** The login that the restore sets up for the application. */
  readonly login: string;
  readonly env: NodeJS.ProcessEnv;
  /** As `lapse restore` does. */
  restore(
    path: string,
    checkpoints?: readonly KeptNote[],
    onProgress?: (progress: RestoreProgress) => void,
    signal?: AbortSignal,
  ): Promise<RestoredBackup>;
  /** Backs up what was restored, with the key that lies in its data folder. */
  backUp(path: string): Promise<WrittenBackup>;
  /** Whether anything of Lapse is in the database. */
  hasSchema(): Promise<boolean>;
  drop(): Promise<void>;
}

/** The environment that names a bucket for files of evidence. */
export function bucketEnvironment({ bucket, prefix, endpoint, credentials }: S3Place) {
  return {
    LAPSE_S3_BUCKET: bucket,
    LAPSE_S3_PREFIX: prefix,
    LAPSE_S3_ENDPOINT: endpoint,
    LAPSE_S3_ACCESS_KEY_ID: credentials?.accessKeyId,
    LAPSE_S3_SECRET_ACCESS_KEY_FILE: credentials?.secretFile,
  };
}

/**
 * An empty database in which nothing of Lapse has ever been. `folder` is where its data folder goes;
 * `others` are further variables of its environment.
 */
export async function createTarget(
  folder: string,
  others: NodeJS.ProcessEnv = {},
): Promise<RestoreTarget> {
  const server = inject('postgres');
  const suffix = randomBytes(5).toString('hex');
  const connection = { ...server, database: `restored_${suffix}` };
  await asServer(server, `CREATE DATABASE ${connection.database}`);
  const admin = new pg.Client(connection);
  // The database is dropped under it.
  admin.on('error', silent);
  await admin.connect();
  const dataDir = join(folder, `data-${suffix}`);
  const login = `restored_app_${suffix}`;
  const env = { ...environmentFor(connection, dataDir, login), ...others };
  return {
    ...{ connection, dataDir, admin, login, env },
    async restore(path, checkpoints = [], onProgress = silent, signal = NEVER) {
      mkdirSync(join(folder, suffix), { recursive: true });
      const { config, secrets } = await readConfig(env, join(folder, suffix));
      const backup = await openBackup(createReadStream(path), async () => PASSPHRASE);
      try {
        return await restore({
          ...{ config, secrets, folder: join(folder, suffix), backup, checkpoints, signal },
          progress: silent,
          onProgress,
        });
      } finally {
        await backup.close();
      }
    },
    backUp: (path) => backUpApi({ register: { admin: connection }, dataDir }, path, null),
    async hasSchema() {
      const { rows } = await admin.query("SELECT to_regnamespace('lapse') IS NOT NULL AS there");
      return rows[0].there;
    },
    async drop() {
      await admin.end();
      await asServer(server, `DROP DATABASE IF EXISTS ${connection.database} WITH (FORCE)`);
      await asServer(server, `DROP ROLE IF EXISTS ${login}, ${login}_worker`);
    },
  };
}

async function asServer(server: Connection, sql: string): Promise<void> {
  const client = new pg.Client(server);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Every row of a table as JSON, in an order of its own. */
export async function rowsOf(client: pg.Client | pg.Pool, table: string): Promise<unknown[]> {
  const { rows } = await client.query(
    `SELECT to_jsonb(t) AS row FROM lapse.${table} t ORDER BY to_jsonb(t)::text`,
  );
  return rows.map(({ row }) => row);
}
