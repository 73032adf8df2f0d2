import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { createTestDatabase } from '../../../test/support/postgres.ts';
import { STREAM_KINDS } from '../../main/stream-kinds.ts';
import { CARRIED_TABLES, DERIVED_TABLES, LEFT_TABLES } from './table-roles.ts';

const { connection, drop } = await createTestDatabase();
const admin = new pg.Client(connection);
await admin.connect();
afterAll(async () => {
  await admin.end();
  await drop();
});

async function names(sql: string): Promise<string[]> {
  return (await admin.query<{ name: string }>(sql)).rows.map(({ name }) => name).sort();
}

test('every table of the schema is carried, derived or left: none is forgotten by a backup', async () => {
  const known = [...CARRIED_TABLES, ...DERIVED_TABLES, ...LEFT_TABLES];
  expect(new Set(known).size).toBe(known.length);
  expect(await names("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'lapse'")).toEqual(
    known.sort(),
  );
});

test('what the journal writes as a projection is derived', () => {
  for (const { tables } of STREAM_KINDS)
    for (const { table } of tables) expect(DERIVED_TABLES).toContain(table);
});

test('what others refer to is loaded before them', async () => {
  const { rows } = await admin.query<{ table: string; to: string }>(
    `SELECT f.relname AS table, t.relname AS to FROM pg_constraint c
     JOIN pg_class f ON f.oid = c.conrelid JOIN pg_class t ON t.oid = c.confrelid
     WHERE c.contype = 'f' AND c.connamespace = 'lapse'::regnamespace`,
  );
  expect(rows.length).toBeGreaterThan(0);
  for (const { table, to } of rows.filter((row) => CARRIED_TABLES.includes(row.table)))
    expect(CARRIED_TABLES.indexOf(to), `${table} refers to ${to}`).toBeLessThan(
      CARRIED_TABLES.indexOf(table),
    );
});

test('lapse_backup reads what is carried, of every tenant, and can do nothing else', async () => {
  const may = (right: string) =>
    names(`SELECT relname AS name FROM pg_class
      WHERE relnamespace = 'lapse'::regnamespace AND relkind = 'r'
        AND has_table_privilege('lapse_backup', oid, '${right}')`);
  expect(await may('SELECT')).toEqual([...CARRIED_TABLES, 'schema_migrations'].sort());
  for (const right of ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'])
    expect(await may(right)).toEqual([]);
  const { rows } = await admin.query(
    "SELECT tablename FROM pg_policies WHERE schemaname = 'lapse' AND 'lapse_backup' = ANY(roles) AND qual = 'true' AND cmd = 'SELECT'",
  );
  expect(rows.map(({ tablename }) => tablename).sort()).toEqual([...CARRIED_TABLES].sort());
});
