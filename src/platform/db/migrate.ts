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
  return (await migrationNames(folder)).at(-1) ?? '';
}

/** The names of all migrations in a folder, the oldest first. */
export async function migrationNames(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => FILE.test(name)).sort();
}

/** Waits for a migration that runs, and keeps others from running until the transaction ends. */
export async function holdMigrations(client: Client): Promise<void> {
  await client.query(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
}

/**
 * Makes the schema anew within the caller's transaction, dropping what stands there: the caller
 * holds migrations and has seen that it is empty. It goes up to the migration that is named; the
 * function that it answers applies those after it.
 */
export async function rebuildSchema(
  client: Client,
  folder: string,
  upTo: string,
): Promise<() => Promise<void>> {
  await client.query('DROP SCHEMA IF EXISTS lapse CASCADE');
  await ensureRoles(client);
  const migrations = await readMigrations(folder);
  const runAll = async (which: readonly Migration[]) => {
    for (const migration of which) await run(client, migration);
  };
  await client.query('SET LOCAL ROLE lapse_owner');
  await runAll(migrations.filter(({ name }) => name <= upTo));
  return () => runAll(migrations.filter(({ name }) => name > upTo));
}

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

async function readMigrations(folder: string): Promise<Migration[]> {
  return Promise.all(
    (await migrationNames(folder)).map(async (name) => {
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

async function run(client: Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query(sql);
  await client.query('INSERT INTO lapse.schema_migrations (name, checksum) VALUES ($1, $2)', [
    name,
    checksum,
  ]);
}

async function apply(client: Client, migration: Migration): Promise<void> {
  await client.query("BEGIN; SET LOCAL lock_timeout = '3s'; SET LOCAL ROLE lapse_owner");
  try {
    await run(client, migration);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
