import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { lapseFor, ROOT } from './lapse-commands.ts';
import { type LapseServer, spawnServer, startServer } from './lapse-server.ts';

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
});

async function startedServer(dataDir: string): Promise<LapseServer> {
  const server = await startServer(dataDir);
  onTestFinished(async () => {
    await server.end('SIGINT');
  });
  return server;
}

function administrator({ url, dataDir }: LapseServer) {
  return lapseFor({ LAPSE_URL: url, LAPSE_DATA: dataDir });
}

test('Ctrl-C drains, ends with 0, and leaves no PostgreSQL behind', async () => {
  const server = await startedServer(join(temporaryFolder(), 'data'));
  expect(server.isPostgresRunning()).toBe(true);
  const { exitCode, stderr } = await server.end('SIGINT');
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect(stderr).toContain('stopping: requests first, PostgreSQL last');
  expect(server.isPostgresRunning()).toBe(false);
});

test('the first token lasts thirty days, and whoever has the machine makes another', async () => {
  const server = await startedServer(join(temporaryFolder(), 'data'));
  const lapse = administrator(server);
  const file = join(server.dataDir, 'admin-token');
  const tokens = async () => JSON.parse((await lapse('token', 'list', '--json')).stdout).items;
  const [first] = await tokens();
  const life = Date.parse(first.expires_at) - Date.parse(first.created_at);
  expect(Math.round(life / DAY)).toBe(30);
  expect((await lapse('doctor')).stdout).toMatch(/an administrator's token lasts (29|30) days/);
  await lapse('token', 'revoke', first.token_id);
  const refused = await lapse('list');
  expect(refused.exitCode).toBe(3);
  expect(refused.stderr).toContain('lapse token administrator');
  const made = await lapse('token', 'administrator');
  expect(made, made.stderr).toMatchObject({ exitCode: 0, stdout: `${file}\n` });
  expect(made.stderr).toMatch(/until \d{4}-\d\d-\d\d/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await tokens()).toHaveLength(2);
  const { stderr } = await server.end('SIGINT');
  expect(stderr).toMatch(/Administrator's token +\S+admin-token\n +until \d{4}-\d\d-\d\d;/);
});

test('a data folder whose first token lasts a year goes on with it', async () => {
  const first = await startedServer(join(temporaryFolder(), 'data'));
  const made = await administrator(first)(
    ...['token', 'create', '--role', 'administrator', '--name', 'Of before', '--json'],
    ...['--expires', 'P360D'],
  );
  expect(made, made.stderr).toMatchObject({ exitCode: 0 });
  writeFileSync(join(first.dataDir, 'admin-token'), `${JSON.parse(made.stdout).token}\n`);
  await first.end('SIGINT');
  const second = await startedServer(first.dataDir);
  expect((await administrator(second)('list')).exitCode).toBe(0);
  const { stderr } = await second.end('SIGINT');
  expect(stderr).not.toContain("Administrator's token");
});

test('a second server on the same data ends with 2 and leaves the first alone', async () => {
  const server = await startedServer(join(temporaryFolder(), 'data'));
  const { exitCode, stderr } = await spawnServer(server.dataDir).ended;
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 2 });
  expect(stderr).toMatch(/^error: Another Lapse server .* is already using this data folder/m);
  expect((await administrator(server)('list')).exitCode).toBe(0);
});

test('after a hard end of the server the next one adopts PostgreSQL, with all that was stored', async () => {
  const first = await startedServer(join(temporaryFolder(), 'data'));
  const made = await administrator(first)('new', '--title', 'Stored before the crash', '--json');
  expect(made).toMatchObject({ exitCode: 0 });
  await first.end('SIGKILL');
  expect(first.isPostgresRunning()).toBe(true);

  const second = await startedServer(first.dataDir);
  expect(second.postmasterPid).toBe(first.postmasterPid);
  const id = JSON.parse(made.stdout).exception_id;
  const shown = await administrator(second)('show', id, '--json');
  expect(JSON.parse(shown.stdout)).toMatchObject({ title: 'Stored before the crash' });
});

test('after a hard end of both the next server recovers what was stored', async () => {
  const first = await startedServer(join(temporaryFolder(), 'data'));
  const made = await administrator(first)('new', '--title', 'Stored before the crash', '--json');
  await first.end('SIGKILL');
  process.kill(first.postmasterPid, 'SIGKILL');

  const second = await startedServer(first.dataDir);
  expect(second.postmasterPid).not.toBe(first.postmasterPid);
  const id = JSON.parse(made.stdout).exception_id;
  expect(await administrator(second)('show', id)).toMatchObject({ exitCode: 0 });
});

test('without a token, or without a server, the command line says what to do and ends with 3', async () => {
  const nobody = lapseFor({ LAPSE_URL: 'http://localhost:9', LAPSE_DATA: temporaryFolder() });
  const noToken = await nobody('list');
  expect(noToken).toMatchObject({ exitCode: 3, stdout: '' });
  expect(noToken.stderr).toMatch(/^error: there is no token for .*\nnext: set LAPSE_TOKEN/);
  const noServer = await lapseFor({ LAPSE_URL: 'http://localhost:7', LAPSE_TOKEN: 'x' })('list');
  expect(noServer).toMatchObject({ exitCode: 3, stdout: '' });
  expect(noServer.stderr).toMatch(/^error: .* cannot be reached.*\nnext: start a server/);
});

test('wrong usage ends with 2', async () => {
  const lapse = lapseFor({ LAPSE_DATA: temporaryFolder() });
  expect(await lapse('no-such-command')).toMatchObject({ exitCode: 2 });
  expect(await lapse('approve', 'EXC_1')).toMatchObject({ exitCode: 2 });
  expect(await lapse('list', '--status', 'Sleeping')).toMatchObject({ exitCode: 2 });
  expect(await lapse('--help')).toMatchObject({ exitCode: 0, stderr: '' });
});
