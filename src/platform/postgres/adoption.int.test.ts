import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { killHard, spawnStarter } from '../../../test/support/postgres-process.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { findPostmaster } from './postmaster.ts';
import { startPrivatePostgres } from './private-postgres.ts';

async function adoptHere(dataDir: string, progress?: (text: string) => void) {
  const server = await startPrivatePostgres({ dataDir, progress });
  onTestFinished(() => server.stop());
  return server;
}

function postmasterOf(dataDir: string): number {
  return findPostmaster(join(dataDir, 'postgres', 'cluster'))?.pid ?? 0;
}

test('the server survives its starter being killed, and is adopted', async () => {
  const dataDir = join(temporaryFolder(), '.lapse');
  const starter = spawnStarter(dataDir);
  const child = await starter.started;
  await killHard(starter);
  const pid = postmasterOf(dataDir);

  const server = await adoptHere(dataDir);
  expect(server).toMatchObject({ adopted: true, systemIdentifier: child.systemIdentifier });
  expect(postmasterOf(dataDir)).toBe(pid);
  await server.stop();
  expect(postmasterOf(dataDir)).toBe(0);
});

test('a killed postmaster is replaced, and what was committed is recovered', async () => {
  const dataDir = join(temporaryFolder(), '.lapse');
  const child = await spawnStarter(dataDir).started;
  const client = new pg.Client(child.connection);
  client.on('error', () => {});
  await client.connect();
  await client.query('CREATE TABLE kept AS SELECT 42 AS answer');
  const gone = new Promise<void>((resolve) => client.once('end', () => resolve()));
  process.kill(postmasterOf(dataDir), 'SIGKILL');

  const told: string[] = [];
  const server = await adoptHere(dataDir, (text) => told.push(text));
  expect(server.adopted).toBe(false);
  expect(told.join('\n')).toContain('recovering from a hard stop');
  await gone;
  const again = new pg.Client(server.connection);
  await again.connect();
  expect((await again.query('SELECT answer FROM kept')).rows).toEqual([{ answer: 42 }]);
  await again.end();
});

test('of several processes that start at once one makes the cluster, the rest adopt', async () => {
  const dataDir = join(temporaryFolder(), '.lapse');
  const started = await Promise.all([1, 2, 3, 4].map(() => spawnStarter(dataDir).started));
  onTestFinished(async () => (await startPrivatePostgres({ dataDir })).stop());

  expect(started.filter((each) => !each.adopted)).toHaveLength(1);
  expect(new Set(started.map((each) => each.systemIdentifier)).size).toBe(1);
  expect(new Set(started.map((each) => each.connection.password)).size).toBe(1);
});

test('a start that was killed halfway leaves nothing that hinders the next', async () => {
  const dataDir = join(temporaryFolder(), '.lapse');
  const starter = spawnStarter(dataDir);
  await expect
    .poll(() => filesOf(join(dataDir, 'postgres')), { timeout: 30_000, interval: 1 })
    .toContainEqual(expect.stringMatching(/^cluster.unfinished-.*base/));
  await killHard(starter);
  await expect(starter.started).rejects.toThrow('without a server');

  const server = await adoptHere(dataDir);
  expect(server.adopted).toBe(false);
  expect(filesOf(join(dataDir, 'postgres')).join()).not.toContain('unfinished');
});

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    // Not there yet, or files vanish while it is read.
    return [];
  }
}

test('two callers within one process share one server as well', async () => {
  const dataDir = join(temporaryFolder(), '.lapse');
  const servers = await Promise.all([adoptHere(dataDir), adoptHere(dataDir)]);
  expect(servers.filter((each) => each.adopted)).toHaveLength(1);
});

test('a recorded cluster that has vanished is not silently replaced by an empty one', async () => {
  const dataDir = join(temporaryFolder(), '.lapse');
  await (await adoptHere(dataDir)).stop();
  rmSync(join(dataDir, 'postgres'), { recursive: true });
  await expect(startPrivatePostgres({ dataDir })).rejects.toThrow(/restore a backup/);
});
