import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { findPostmaster, isPostmasterOf } from './postmaster.ts';
import { startPrivatePostgres } from './private-postgres.ts';

async function startHere(dataDir: string, progress?: (text: string) => void) {
  const server = await startPrivatePostgres({ dataDir, progress });
  onTestFinished(() => server.stop());
  return server;
}

async function query(connection: pg.ClientConfig, sql: string): Promise<Record<string, unknown>> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return (await client.query(sql)).rows[0];
  } finally {
    await client.end();
  }
}

function clusterOf(dataDir: string): string {
  return join(dataDir, 'postgres', 'cluster');
}

test('a first start makes a durable, checksummed, private cluster with the database lapse', async () => {
  const dataDir = join(temporaryFolder(), '.lapse');
  const server = await startHere(dataDir);

  expect(server.adopted).toBe(false);
  const settings = await query(
    server.connection,
    `SELECT current_setting('fsync') AS fsync, current_setting('data_checksums') AS checksums,
            current_setting('listen_addresses') AS listen, current_setting('TimeZone') AS zone,
            current_setting('password_encryption') AS password,
            datlocprovider AS provider, datlocale AS locale, pg_encoding_to_char(encoding) AS encoding
       FROM pg_database WHERE datname = current_database()`,
  );
  expect(settings).toEqual({
    fsync: 'on',
    checksums: 'on',
    listen: '',
    zone: 'UTC',
    password: 'scram-sha-256',
    provider: 'b',
    locale: 'C.UTF-8',
    encoding: 'UTF8',
  });
  expect(statSync(join(dataDir, 'postgres-password')).mode & 0o777).toBe(0o600);
  expect(statSync(clusterOf(dataDir)).mode & 0o777).toBe(0o700);
  expect(statSync(join(dataDir, 'postgres', 'socket')).mode & 0o777).toBe(0o700);
  expect(readdirSync(join(dataDir, 'postgres'))).not.toContain('initdb-password');
  const record = JSON.parse(readFileSync(join(dataDir, 'postgres.json'), 'utf8'));
  expect(record).toMatchObject({
    folder: 'postgres',
    systemIdentifier: server.systemIdentifier,
  });
});

test('no other password, and none at all, is let in', async () => {
  const server = await startHere(join(temporaryFolder(), '.lapse'));
  const wrong = { ...server.connection, password: 'wrong' };
  await expect(query(wrong, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
});

test('stop ends the postmaster, and the next start finds the same cluster with its data', async () => {
  const dataDir = join(temporaryFolder(), '.lapse');
  const first = await startHere(dataDir);
  await query(first.connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
  const pid = findPostmaster(clusterOf(dataDir))?.pid ?? 0;
  await first.stop();
  expect(isPostmasterOf(pid, clusterOf(dataDir))).toBe(false);
  await first.stop();

  const told: string[] = [];
  const second = await startHere(dataDir, (text) => told.push(text));
  expect(second).toMatchObject({ adopted: false, systemIdentifier: first.systemIdentifier });
  expect(await query(second.connection, 'SELECT answer FROM kept')).toEqual({ answer: 42 });
  expect(told).toEqual(['Starting the private PostgreSQL']);
});

test('a pid file whose number is now another process is not taken for a server', async () => {
  const dataDir = join(temporaryFolder(), '.lapse');
  const first = await startHere(dataDir);
  const pidFile = join(clusterOf(dataDir), 'postmaster.pid');
  const lines = readFileSync(pidFile, 'utf8').split('\n');
  await first.stop();
  writeFileSync(pidFile, [process.pid, ...lines.slice(1)].join('\n'));

  const second = await startHere(dataDir);
  expect(second).toMatchObject({ adopted: false, systemIdentifier: first.systemIdentifier });
});

test('a pid file whose process is gone is not taken for a server', async () => {
  const dataDir = join(temporaryFolder(), '.lapse');
  const first = await startHere(dataDir);
  const pidFile = join(clusterOf(dataDir), 'postmaster.pid');
  const text = readFileSync(pidFile, 'utf8');
  await first.stop();
  writeFileSync(pidFile, text);

  expect(await startHere(dataDir)).toMatchObject({ adopted: false });
});

test('a cluster of another major version is refused with the way across', async () => {
  const dataDir = join(temporaryFolder(), '.lapse');
  await (await startHere(dataDir)).stop();
  writeFileSync(join(clusterOf(dataDir), 'PG_VERSION'), '17\n');
  await expect(startPrivatePostgres({ dataDir })).rejects.toThrow(/PostgreSQL 17.*lapse backup/s);
});

test('a setting that PostgreSQL refuses is reported with its log', async () => {
  const dataDir = join(temporaryFolder(), '.lapse');
  const start = startPrivatePostgres({ dataDir, settings: { work_mem: 'much' } });
  await expect(start).rejects.toThrow(/did not start.*work_mem/s);
});

test('a folder too deep for a unix socket gets its socket elsewhere', async () => {
  const dataDir = join(temporaryFolder(), 'deep'.repeat(30), '.lapse');
  const server = await startHere(dataDir);
  expect(server.connection.host.length).toBeLessThan(90);
  expect(statSync(server.connection.host).mode & 0o777).toBe(0o700);
  expect(await query(server.connection, 'SELECT 1 AS one')).toEqual({ one: 1 });
  await server.stop();
  expect(existsSync(server.connection.host)).toBe(false);
});
