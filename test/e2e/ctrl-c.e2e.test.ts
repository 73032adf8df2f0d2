import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import { readPostmasterFile } from '../../src/platform/postgres/postmaster.ts';
import { startPrivatePostgres } from '../../src/platform/postgres/private-postgres.ts';
import { lapseFor, ROOT } from './lapse-commands.ts';
import { type LapseServer, startServer } from './lapse-server.ts';
import { longLivedFolder } from './long-lived-folder.ts';
import { atTerminal, CTRL_C, type Terminal } from './terminal.ts';

const folder = longLivedFolder();
const data = join(folder, 'data');
const whole = join(folder, 'whole.backup');
const secret = { LAPSE_BACKUP_PASSPHRASE: 'four words and then some' };

let server: LapseServer | undefined;

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
  server = await startServer(data);
  const lapse = lapseFor({ LAPSE_URL: server.url, LAPSE_DATA: data, ...secret });
  // Too much for one chunk of a backup, and nothing that can be packed.
  const file = join(folder, 'many.jsonl');
  const records = Array.from({ length: 50 }, (_, at) => ({
    title: `Number ${at}`,
    justification: randomBytes(2_900).toString('hex'),
  }));
  writeFileSync(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  expect(await lapse('import', file)).toMatchObject({ exitCode: 0 });
  expect(await lapse('backup', whole)).toMatchObject({ exitCode: 0 });
});
afterAll(async () => {
  await server?.end('SIGINT');
});

test('in the middle of a backup it leaves the older one, and nothing beside it', async () => {
  const { connection } = await startPrivatePostgres({ dataDir: data, progress: () => {} });
  const holder = new pg.Client(connection);
  await holder.connect();
  onTestFinished(() => holder.end());
  // Until somebody lets go of the table the backup cannot end.
  await holder.query('BEGIN; LOCK TABLE lapse.comments IN ACCESS EXCLUSIVE MODE');
  const place = join(folder, 'backups');
  mkdirSync(place);
  const path = join(place, 'register.backup');
  writeFileSync(path, 'an older backup');

  const backup = atTerminal({ env: { LAPSE_DATA: data, ...secret } }, 'backup', path);
  await untilWaiting(holder, backup);
  backup.type(CTRL_C);
  const { exitCode, shown } = await backup.ended;
  expect({ exitCode, shown }).toMatchObject({ exitCode: 130 });
  expect(shown.replaceAll(/\s+/g, ' ')).toContain(
    `error: stopped; no backup was written, and ${path} is as it was`,
  );
  expect(shown).toMatch(/^next: repeat the command/m);
  expect(shown).not.toMatch(/^\s+at /m);
  expect(readdirSync(place)).toEqual(['register.backup']);
  expect(readFileSync(path, 'utf8')).toBe('an older backup');
});

test('in the middle of a restore nothing is restored, PostgreSQL stops, and it can be repeated', async () => {
  const other = join(folder, 'restored');
  // Somebody who has sent nearly all of it, and never sends the rest.
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const restore = atTerminal({ env: { LAPSE_DATA: other, ...secret }, from: pipe }, 'restore', '-');
  const sender = await open(pipe, 'w');
  onTestFinished(() => sender.close());
  const bytes = readFileSync(whole);
  await sender.write(bytes.subarray(0, bytes.length - 100));
  await restore.until(/1\/3 loading/);
  restore.type(CTRL_C);
  const { exitCode, shown } = await restore.ended;
  expect({ exitCode, shown }).toMatchObject({ exitCode: 130 });
  expect(shown).toMatch(/error: stopped; nothing was restored$/m);
  expect(shown).toMatch(/^next: repeat the command/m);
  expect(shown).not.toMatch(/^\s+at /m);
  expect(readPostmasterFile(join(other, 'postgres', 'cluster'))).toBeUndefined();
  for (const name of ['master-key', 'admin-token'])
    expect(existsSync(join(other, name))).toBe(false);

  const again = await lapseFor({ LAPSE_DATA: other, ...secret })('restore', whole);
  expect(again).toMatchObject({ exitCode: 0 });
});

test('in the middle of an export it leaves what stood there, and nothing beside it', async () => {
  // A server that never sends the rest.
  const stalled = createServer((_, response) => void response.write('exception_id,title\r\n'));
  await once(stalled.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void stalled.close());
  onTestFinished(() => stalled.closeAllConnections());
  const { port } = stalled.address() as AddressInfo;
  const place = join(folder, 'exports');
  mkdirSync(place);
  const path = join(place, 'register.csv');
  writeFileSync(path, 'an older export');

  const env = { LAPSE_URL: `http://127.0.0.1:${port}`, LAPSE_TOKEN: 'lapse_x' };
  const exporting = atTerminal({ env }, 'export', '-o', path);
  await exporting.until(/the export arrives: 20 bytes/);
  expect(readdirSync(place)).toHaveLength(2);
  exporting.type(CTRL_C);
  const { exitCode, shown } = await exporting.ended;
  expect({ exitCode, shown }).toMatchObject({ exitCode: 130 });
  expect(shown.replaceAll(/\s+/g, ' ')).toContain(
    `error: stopped; ${path} was not written, and what stood there before is untouched`,
  );
  expect(shown).toMatch(/^next: run it again/m);
  expect(readdirSync(place)).toEqual(['register.csv']);
  expect(readFileSync(path, 'utf8')).toBe('an older export');
});

test.each(['before anybody writes into it', 'in the middle'])(
  'a restore from a named pipe ends, %s',
  async (when) => {
    const name = when.includes('middle') ? 'middle' : 'before';
    const pipe = join(folder, `pipe-${name}`);
    execFileSync('mkfifo', [pipe]);
    const env = { LAPSE_DATA: join(folder, `restored-${name}`), ...secret };
    const restore = atTerminal({ env }, 'restore', pipe);
    if (name === 'middle') {
      const sender = await open(pipe, 'w');
      onTestFinished(() => sender.close());
      const bytes = readFileSync(whole);
      await sender.write(bytes.subarray(0, bytes.length - 100));
      await restore.until(/1\/3 loading/);
    } else {
      await restore.until(/waits for somebody who writes into/);
    }
    restore.type(CTRL_C);
    const { exitCode, shown } = await restore.ended;
    expect({ exitCode, shown }).toMatchObject({ exitCode: 130 });
    expect(shown).toMatch(/error: stopped; nothing was restored$/m);
  },
);

test('a backup that comes through a named pipe is restored', async () => {
  const pipe = join(folder, 'pipe-whole');
  execFileSync('mkfifo', [pipe]);
  const env = { LAPSE_DATA: join(folder, 'restored-whole'), ...secret };
  const restored = lapseFor(env)('restore', pipe);
  const sender = await open(pipe, 'w');
  await sender.writeFile(readFileSync(whole));
  await sender.close();
  expect(await restored).toMatchObject({ exitCode: 0 });
});

/** Until the command waits for the table; rejects where the command ends instead. */
async function untilWaiting(client: pg.Client, command: Terminal): Promise<void> {
  let over: string | undefined;
  command.ended.then(({ shown }) => {
    over = shown;
  });
  for (;;) {
    if (over !== undefined) throw new Error(`it never waited for a lock:\n${over}`);
    const { rowCount } = await client.query(
      "SELECT FROM pg_locks WHERE NOT granted AND relation = 'lapse.comments'::regclass",
    );
    if (rowCount === 1) return;
  }
}
