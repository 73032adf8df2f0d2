import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { migrate } from '../../src/platform/db/migrate.ts';
import type { Connection } from '../../src/platform/postgres/open-database.ts';
import { startPrivatePostgres } from '../../src/platform/postgres/private-postgres.ts';
import { fastFolder } from './fast-folder.ts';
import {
  APPLICATION_LOGIN,
  RETENTION_LOGIN,
  TEMPLATE_DATABASE,
  WORKER_LOGIN,
} from './template-database.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Superuser connection to the one PostgreSQL of this test run. */
    postgres: Connection;
  }
}

/**
 * Starts one PostgreSQL for the whole run, in a folder that goes with it, and makes the migrated
 * template that {@link createTestDatabase} clones.
 *
 * @returns what vitest calls at the end.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(fastFolder(), 'lapse-tests-'));
  // Root's PostgreSQL runs as another user, who has to pass through.
  chmodSync(folder, 0o711);
  const server = await startPrivatePostgres({
    dataDir: join(folder, 'data'),
    settings: {
      // Nothing here outlives the run, so nothing has to survive a power cut. Only tests may do so.
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      // Several test files at once, each with pools of its own.
      max_connections: '300',
    },
  });
  const stop = async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await makeTemplate(server.connection);
  } catch (error) {
    await stop();
    throw error;
  }
  project.provide('postgres', server.connection);
  return stop;
}

async function makeTemplate(connection: Connection): Promise<void> {
  const admin = new pg.Client(connection);
  await admin.connect();
  try {
    await admin.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`);
  } finally {
    await admin.end();
  }
  await migrate({
    admin: { ...connection, database: TEMPLATE_DATABASE },
    folder: 'migrations',
    logins: [
      { ...APPLICATION_LOGIN, group: 'lapse_app' },
      { ...WORKER_LOGIN, group: 'lapse_worker' },
      { ...RETENTION_LOGIN, group: 'lapse_retention' },
    ],
  });
}
