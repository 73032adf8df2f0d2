import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import type { Connection } from '../../src/platform/postgres/open-database.ts';
import { TEMPLATE_DATABASE } from './template-database.ts';
import './global-postgres.ts';

/** A database that belongs to one test file alone. */
export interface TestDatabase {
  /** As superuser; `{...connection, user, password}` for the application's roles. */
  readonly connection: Connection;
  /** Removes it, whoever is still connected. */
  drop(): Promise<void>;
}

/** Clones the migrated template. Call once a file, in `beforeAll`, and `drop` in `afterAll`. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = inject('postgres');
  const database = `test_${randomBytes(6).toString('hex')}`;
  await administer(
    server,
    `CREATE DATABASE ${database} TEMPLATE ${TEMPLATE_DATABASE} STRATEGY FILE_COPY`,
  );
  return {
    connection: { ...server, database },
    drop: () => administer(server, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`),
  };
}

async function administer(server: Connection, sql: string): Promise<void> {
  const client = new pg.Client(server);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
