import { execFile, execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import { readPostmasterFile } from '../../src/platform/postgres/postmaster.ts';
import {
  BUNDLE,
  type CommandResult,
  lapseFor,
  plainEnvironment,
  ROOT,
  type RunLapse,
} from './lapse-commands.ts';
import { type LapseServer, startServer } from './lapse-server.ts';
import { longLivedFolder } from './long-lived-folder.ts';

const PASSPHRASE = 'four words and then some';

// Before the hooks below: what is registered first is cleaned up last, after the server.
const folder = longLivedFolder();
const data = join(folder, 'data');
const file = join(folder, 'register.backup');

let server: LapseServer | undefined;
let lapse: RunLapse;
/** With no passphrase in its environment. */
let bare: RunLapse;
let listed: unknown;

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
  await serve();
  for (const title of ['One', 'Two', 'Three']) await answerOf('new', '--title', title);
  await server?.settle();
  listed = await answerOf('list', '--sort', 'created_at');
});
afterAll(async () => {
  await server?.end('SIGINT');
});

async function serve(): Promise<void> {
  server = await startServer(data);
  bare = lapseFor({ LAPSE_URL: server.url, LAPSE_DATA: data });
  lapse = lapseFor({
    LAPSE_URL: server.url,
    LAPSE_DATA: data,
    LAPSE_BACKUP_PASSPHRASE: PASSPHRASE,
  });
}

async function stop(): Promise<void> {
  const stopped = await server?.end('SIGINT');
  server = undefined;
  expect(stopped).toMatchObject({ exitCode: 0 });
}

async function answerOf(...args: string[]) {
  const result = await lapse(...args, '--json');
  expect(result, args.join(' ')).toMatchObject({ exitCode: 0 });
  return JSON.parse(result.stdout);
}

/** A command line with redirections and limits. */
function shell(command: string): Promise<CommandResult> {
  const env = { ...plainEnvironment(), LAPSE_DATA: data, LAPSE_BACKUP_PASSPHRASE: PASSPHRASE };
  return new Promise((resolve) => {
    execFile('sh', ['-c', command], { env }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ exitCode, stdout, stderr });
    });
  });
}

const LAPSE = `"${process.execPath}" "${BUNDLE}"`;

test('backed up while it serves, destroyed and restored, the register is as it was', async () => {
  const backedUp = await lapse('backup', file);
  expect(backedUp).toMatchObject({ exitCode: 0 });
  expect(backedUp.stdout).toMatch(/^backed up 1 tenant \(Default\), \d+ entries, in \d+ kB to \//);
  const checkpoint = (await lapse('ledger', 'checkpoint')).stdout;
  await stop();
  rmSync(data, { recursive: true });

  const restored = await lapse('restore', file);
  expect(restored).toMatchObject({ exitCode: 0 });
  expect(restored.stdout).toMatch(/Default: the ledger is whole\n {2}\d+ entries/);
  const cluster = join(data, 'postgres', 'cluster');
  expect(readPostmasterFile(cluster), 'the PostgreSQL that it started is stopped').toBeUndefined();

  await serve();
  expect(await answerOf('list', '--sort', 'created_at')).toEqual(listed);
  expect(await answerOf('ledger', 'verify')).toMatchObject({ ok: true, pending: 0 });
  expect((await lapse('ledger', 'checkpoint')).stdout).toBe(checkpoint);
  await answerOf('new', '--title', 'Four');
  await server?.settle();
  expect(await answerOf('ledger', 'verify')).toMatchObject({ ok: true });
});

test('while nothing serves, a backup starts PostgreSQL and stops it again', async () => {
  await stop();
  const backedUp = await lapse('backup', join(folder, 'cold.backup'));
  expect(backedUp).toMatchObject({ exitCode: 0 });
  expect(readPostmasterFile(join(data, 'postgres', 'cluster'))).toBeUndefined();
  await serve();
});

test('through a pipe it is the same, and standard output holds nothing else', async () => {
  const other = join(folder, 'piped-data');
  const piped = await shell(`${LAPSE} backup - | LAPSE_DATA="${other}" ${LAPSE} restore -`);
  expect(piped).toMatchObject({ exitCode: 0 });
  expect(piped.stdout).toMatch(/^restored 1 tenant/);
});

test('a full disk is told, and the backup that was there stays', async () => {
  const place = join(folder, 'small');
  mkdirSync(place);
  const target = join(place, 'register.backup');
  let limit = 'ulimit -f 2 &&';
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', place], { stdio: 'ignore' });
    onTestFinished(() => void execFileSync('umount', [place]));
    limit = '';
  } catch {
    // Nobody but root may mount: then files may not grow, which fails the same write.
  }
  // It takes the only page there is: a small backup would fit beside an empty file.
  writeFileSync(target, 'an older backup');
  const full = await shell(`${limit} exec ${LAPSE} backup "${target}"`);
  expect(full).toMatchObject({ exitCode: 3, stdout: '' });
  expect(full.stderr).toContain(`error: the disk is full: `);
  expect(full.stderr).toContain(`no backup was written, and ${target} is as it was`);
  expect(full.stderr).toContain('next: make room, and repeat the command');
  expect(readdirSync(place)).toEqual(['register.backup']);
  expect(readFileSync(target, 'utf8')).toBe('an older backup');
});

describe('given a file that cannot be restored', () => {
  const made = (name: string, change: (path: string) => void) => {
    const path = join(folder, name);
    writeFileSync(path, readFileSync(file));
    change(path);
    return path;
  };
  const altered = (at: number) => (path: string) => {
    const bytes = readFileSync(path);
    const place = at < 0 ? bytes.length + at : at;
    bytes[place] = (bytes[place] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  };
  const text = 'exception_id: EXC_1\n';

  test.each<[string, number, string, () => string]>([
    ['missing', 2, 'cannot be read: there is no such', () => join(folder, 'nowhere')],
    ['a folder', 2, 'is a folder', () => folder],
    ['empty', 1, 'it is empty', () => made('empty', (path) => truncateSync(path, 0))],
    ['no backup', 1, 'does not begin as', () => made('text', (path) => writeFileSync(path, text))],
    ['cut off', 1, 'cut off', () => made('cut', (path) => truncateSync(path, 2_000))],
    [
      'cut off in its header',
      1,
      'it ends after 30',
      () => made('head', (p) => truncateSync(p, 30)),
    ],
    ['altered at its begin', 1, 'it was altered between', () => made('a', altered(80))],
    ['altered at its end', 1, 'it was altered between', () => made('b', altered(-1))],
    ['altered in its salt', 1, 'the passphrase is not', () => made('c', altered(30))],
    ['of a newer format', 1, 'it is in format 257', () => made('d', altered(16))],
  ])('when it is %s, then exit %i, and nothing is there', async (_, exitCode, told, path) => {
    const other = join(folder, 'untouched');
    const run = lapseFor({ LAPSE_DATA: other, LAPSE_BACKUP_PASSPHRASE: PASSPHRASE });
    const result = await run('restore', path());
    expect(result).toMatchObject({ exitCode, stdout: '' });
    expect(result.stderr).toContain(told);
    if (exitCode === 1) expect(result.stderr).toContain('nothing was restored');
    expect(existsSync(other)).toBe(false);
  });
});

describe('given a passphrase that will not do', () => {
  test('when there is none and nobody to ask, then both commands say where it may come from', async () => {
    for (const command of ['backup', 'restore']) {
      const result = await bare(command, file);
      expect(result).toMatchObject({ exitCode: 2, stdout: '' });
      expect(result.stderr).toContain('set LAPSE_BACKUP_PASSPHRASE, or name a file');
    }
  });

  test('when it is another, then the restore is refused', async () => {
    const wrong = join(folder, 'wrong-passphrase');
    writeFileSync(wrong, `${PASSPHRASE}!\n`);
    const result = await lapse('restore', file, '--passphrase-file', wrong);
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
    expect(result.stderr).toContain('the passphrase is not the one it was made with');
  });

  test('when it is short, then no backup is made under it', async () => {
    const short = join(folder, 'short-passphrase');
    writeFileSync(short, 'elevenchars\n');
    const target = join(folder, 'short.backup');
    const result = await bare('backup', target, '--passphrase-file', short);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain('has 11 of at least 12 characters');
    expect(existsSync(target)).toBe(false);
  });

  test('when its file is missing or begins with nothing, then that is told', async () => {
    const empty = join(folder, 'empty-passphrase');
    writeFileSync(empty, '\n');
    for (const path of [empty, join(folder, 'nowhere')]) {
      const result = await bare('backup', file, '--passphrase-file', path);
      expect(result).toMatchObject({ exitCode: 2, stdout: '' });
      expect(result.stderr).toContain(path);
    }
  });
});

test('what cannot be backed up or reached is told with its exit code', async () => {
  const run = (env: NodeJS.ProcessEnv, ...args: string[]) =>
    lapseFor({ LAPSE_BACKUP_PASSPHRASE: PASSPHRASE, ...env })(...args);
  const nowhere = join(folder, 'no-register');
  const none = await run({ LAPSE_DATA: nowhere }, 'backup', file);
  expect(none).toMatchObject({ exitCode: 2 });
  expect(none.stderr).toContain(`there is no register in ${nowhere}`);
  expect(existsSync(nowhere)).toBe(false);

  const away = 'postgresql://lapse:secret@127.0.0.1:9/lapse';
  const unreachable = { LAPSE_DATA: nowhere, DATABASE_URL: away, DATABASE_ADMIN_URL: away };
  for (const command of ['backup', 'restore']) {
    const result = await run(unreachable, command, file);
    expect(result, command).toMatchObject({ exitCode: 3 });
    expect(result.stderr).toContain('the database cannot be reached');
    expect(result.stderr).not.toContain('secret');
  }
  const unadministered = { LAPSE_DATA: nowhere, DATABASE_URL: away };
  const admin = await run(unadministered, 'backup', file);
  expect(admin).toMatchObject({ exitCode: 2 });
  expect(admin.stderr).toContain('set DATABASE_ADMIN_URL');

  const noFolder = await lapse('backup', join(folder, 'no', 'such.backup'));
  expect(noFolder).toMatchObject({ exitCode: 2 });
  expect((await lapse('backup', folder)).stderr).toContain('is a folder');
  const inUse = await lapse('restore', file);
  expect(inUse.stderr).toContain('already using this data folder');
});
