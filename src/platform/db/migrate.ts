import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, type ClientConfig } from 'pg';
import { ensureLogin, ensureRoles, type Login } from './roles.ts';

/** What a migration run did. */
export interface MigrationReport {
  readonly applied: readonly string[];
  /** The newest migration, now in force. */
  readonly version: string;
}

/** A login to set up: it may act as one of the group roles, and as nothing else. */
export interface MigrateOptions {
  readonly admin: ClientConfig;
  readonly folder: string;
  readonly logins?: readonly Login[];
  readonly progress?: (text: string) => void;
}

// Any fixed number: it keeps two migrations from running at once.
const MIGRATION_LOCK = 7_011_202_6;
const FILE = /^\d{4}-[a-z0-9-]+\.sql$/;

/**
 * Brings the schema up to date, forward only, each file in a transaction of its own, under an
 * advisory lock and a lock timeout of 3 s (DESIGN section 2, "Migrations while running"). Throws
 * where a file that was applied before has since been changed.
 */
export async function migrate({
  admin,
  folder,
  logins = [],
  progress,
}: MigrateOptions): Promise<MigrationReport> {
  const client = new Client({ ...admin, application_name: 'lapse-migrate' });
  await client.connect();
  try {
    await client.query(`SELECT pg_advisory_lock(${MIGRATION_LOCK})`);
    await ensureRoles(client);
    const applied = await applyMissing(client, await readMigrations(folder), progress);
    for (const login of logins) await ensureLogin(client, login);
    return applied;
  } finally {
    await client.end();
  }
}

/** The name of the newest migration in a folder: what a server expects the database to have. */
export async function newestMigration(folder: string): Promise<string> {
  return (await readMigrations(folder)).at(-1)?.name ?? '';
}

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => FILE.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(folder, name), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function applyMissing(
  client: Client,
  migrations: readonly Migration[],
  progress?: (text: string) => void,
): Promise<MigrationReport> {
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'SELECT name, checksum FROM lapse.schema_migrations',
  );
  const known = new Map(rows.map((row) => [row.name, row.checksum]));
  const applied: string[] = [];
  for (const migration of migrations) {
    const checksum = known.get(migration.name);
    if (checksum === migration.checksum) continue;
    if (checksum)
      throw new Error(
        `migration ${migration.name} was changed after it was applied; add a new one instead`,
      );
    progress?.(`migration ${migration.name}`);
    await apply(client, migration);
    applied.push(migration.name);
  }
  return { applied, version: migrations.at(-1)?.name ?? '' };
}

async function apply(client: Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query("BEGIN; SET LOCAL lock_timeout = '3s'; SET LOCAL ROLE lapse_owner");
  try {
    await client.query(sql);
    await client.query('INSERT INTO lapse.schema_migrations (name, checksum) VALUES ($1, $2)', [
      name,
      checksum,
    ]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
