import pg from 'pg';
import { expect, test } from 'vitest';
import { createTestDatabase } from './postgres.ts';

async function query(connection: pg.ClientConfig, sql: string): Promise<unknown[]> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('every test database is its own, and is gone once dropped', async () => {
  const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  await query(one.connection, 'CREATE TABLE mine ()');
  const find = `SELECT to_regclass('mine')::text AS found`;
  expect(await query(one.connection, find)).toEqual([{ found: 'mine' }]);
  expect(await query(other.connection, find)).toEqual([{ found: null }]);
  await Promise.all([one.drop(), other.drop()]);
  await expect(query(one.connection, find)).rejects.toMatchObject({ code: '3D000' });
});
