import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { createTestDatabase } from '../../../test/support/postgres.ts';
import { WholeTransaction } from './whole-transaction.ts';

const { connection, drop } = await createTestDatabase();
const admin = new pg.Client(connection);
await admin.connect();
afterAll(async () => {
  await admin.end();
  await drop();
});

/** Far more than any buffer on the way holds. */
const ENDLESS = "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 10000000)) TO STDOUT";

function begin(name = 'test'): Promise<WholeTransaction> {
  return WholeTransaction.begin(connection, { name, begin: 'BEGIN' });
}

test('what is queued is written by flush, and nobody sees any of it before the commit', async () => {
  await admin.query('CREATE TABLE public.notes (n bigint)');
  const tx = await begin();
  tx.atCommit('INSERT INTO public.notes VALUES ($1)', [1]);
  await tx.flush();
  await pipeline(Readable.from(['2\n3\n']), tx.copyIn('COPY public.notes FROM STDIN'));
  const beside = await tx.beside();
  expect(await beside.query('SELECT n FROM public.notes ORDER BY n')).toEqual([
    { n: 1 },
    { n: 2 },
    { n: 3 },
  ]);
  expect((await admin.query('SELECT FROM public.notes')).rowCount).toBe(0);
  await beside.close();
  await tx.commit();
  await tx.close();
  expect((await admin.query('SELECT FROM public.notes')).rowCount).toBe(3);
});

test('left without a commit, it has changed nothing', async () => {
  const tx = await begin();
  await tx.query('CREATE TABLE public.gone ()');
  await tx.close();
  expect((await admin.query("SELECT to_regclass('public.gone') AS found")).rows).toEqual([
    { found: null },
  ]);
});

test('rows that do not fit fail the copy, and the commit', async () => {
  const tx = await begin();
  await tx.query('CREATE TABLE public.numbers (n bigint)');
  const copying = pipeline(Readable.from(['1\nx\n']), tx.copyIn('COPY public.numbers FROM STDIN'));
  await expect(copying).rejects.toMatchObject({ code: '22P02' });
  await expect(tx.commit()).rejects.toThrow('rolled back');
  await tx.close();
});

test('a connection that breaks while rows are copied out fails whoever reads them', async () => {
  const tx = await begin('to-be-ended');
  const rows = tx.copyOut(ENDLESS);
  await once(rows, 'readable');
  await admin.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'to-be-ended'",
  );
  const reading = (async () => {
    for await (const _ of rows);
  })();
  await expect(reading).rejects.toThrow(/terminat/);
  await tx.close();
});

test('a copy that is left in the middle does not keep the connection from closing', async () => {
  const tx = await begin();
  for await (const _ of tx.copyOut(ENDLESS)) break;
  await tx.close();
});
