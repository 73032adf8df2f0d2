import pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { acquireServerLock, DataDirectoryInUseError } from './server-lock.ts';

async function connect(): Promise<pg.Client> {
  const client = new pg.Client(inject('postgres'));
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

async function backendPid(client: pg.Client): Promise<number> {
  return (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
}

test('a second server on the same data folder is refused and told who holds it', async () => {
  const [first, second] = [await connect(), await connect()];
  const lock = await acquireServerLock(first);

  const refusal = await acquireServerLock(second).catch((error) => error);
  expect(refusal).toBeInstanceOf(DataDirectoryInUseError);
  expect(refusal).toMatchObject({
    backendPid: await backendPid(first),
    applicationName: `lapse server, process ${process.pid}`,
  });
  expect(refusal.message).toContain(`process ${process.pid}`);
  await lock.release();
});

test('a released lock can be taken by another', async () => {
  const [first, second] = [await connect(), await connect()];
  await (await acquireServerLock(first)).release();
  await (await acquireServerLock(second)).release();
});

test('the lock goes with its session, however that ends', async () => {
  const [first, second] = [await connect(), await connect()];
  first.on('error', () => {});
  await acquireServerLock(first);
  await second.query('SELECT pg_terminate_backend($1, 10000)', [await backendPid(first)]);
  await (await acquireServerLock(second)).release();
});
