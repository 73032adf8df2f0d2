import { execFile, execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import { type CommandResult, plainEnvironment, ROOT } from '../e2e/lapse-commands.ts';
import { COMPLETE } from '../support/given.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { oldestNode } from './engines.ts';

const LAPSE = join(ROOT, 'bin', 'lapse');
const TEMPLATE = join('test', 'documents', 'register-template.yaml');
const NODES = [
  ['Node 26', process.execPath],
  ['Node 20', oldestNode()],
] as const;
/** Nothing listens there: a command that asked for a server would not come back with an answer. */
const NO_SERVER = { LAPSE_URL: 'http://127.0.0.1:1', LAPSE_TOKEN: 'none' };

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
});

function check(node: string, args: readonly string[], input = ''): Promise<CommandResult> {
  return new Promise((resolve) => {
    const options = { cwd: ROOT, env: { ...plainEnvironment(), ...NO_SERVER } };
    const child = execFile(node, [LAPSE, 'check', ...args], options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ exitCode, stdout, stderr });
    });
    child.stdin?.on('error', () => {}).end(input);
  });
}

function file(name: string, content: string): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

const asOf = ['--as-of', '2026-03-01T00:00:00Z'];
const good = JSON.stringify(COMPLETE);

describe.each(NODES)('lapse check on %s', (_, node) => {
  test('is done with what is sound: exit 0', async () => {
    const { exitCode, stdout, stderr } = await check(node, [file('a.json', good), ...asOf]);
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 0,
      stdout: '✓ nothing wrong in 1 record of 1 file\n',
      stderr: '',
    });
  });

  test('tells what is wrong, with its place: exit 1', async () => {
    const { exitCode, stdout } = await check(node, [TEMPLATE, ...asOf]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`${TEMPLATE}:26:13: error: expires_at: 2025-09-25T00:00:00.000Z`);
    expect(stdout).toMatch(/✗ 4 errors, 7 warnings in 1 record of 1 file\n$/);
  });

  test('checks as of the instant that it is given', async () => {
    const path = file(
      'a.json',
      JSON.stringify({ ...COMPLETE, expires_at: '2026-03-20T00:00:00Z' }),
    );
    const exits = ['2026-03-01T00:00:00Z', '2026-03-20T00:00:00Z'].map((instant) =>
      check(node, [path, '--as-of', instant, '--quiet']).then(({ exitCode }) => exitCode),
    );
    expect(await Promise.all(exits)).toEqual([0, 1]);
  });

  test('allows as many warnings as it is told', async () => {
    const path = file('a.json', JSON.stringify({ ...COMPLETE, status: 'Active' }));
    const exits = [['--max-warnings', '0'], ['--max-warnings=1'], []].map((options) =>
      check(node, [path, ...options]).then(({ exitCode }) => exitCode),
    );
    expect(await Promise.all(exits)).toEqual([1, 0, 0]);
  });

  test('reads standard input', async () => {
    const { exitCode, stdout } = await check(node, ['-', ...asOf], `${good}\n{"title":"B"}\n`);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('stdin:2:1: error: category');
  });

  test.each([
    ['no file', [], "missing required argument 'file'"],
    [
      'a format that there is not',
      [TEMPLATE, '--format', 'xml'],
      'text, json, sarif, github, junit',
    ],
    ['a time without an offset', [TEMPLATE, '--as-of', '2026-03-01T00:00:00'], 'RFC 3339'],
    ['a day for an instant', [TEMPLATE, '--as-of', '2026-03-01'], 'RFC 3339'],
    ['a file that is not there', [TEMPLATE, 'missing.yaml'], 'missing.yaml cannot be checked'],
    ['a folder', ['test'], 'test is a folder'],
    ['two formats', [TEMPLATE, '--json', '--format', 'sarif'], 'contradict'],
  ])('refuses %s, and checks nothing: exit 2', async (_, args, words) => {
    const { exitCode, stdout, stderr } = await check(node, args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(words);
  });

  test('goes on past a file that cannot be read, and decides nothing: exit 3', async () => {
    // Gives an error on reading, to root too.
    const { exitCode, stdout, stderr } = await check(node, ['/proc/self/mem', TEMPLATE]);
    expect(exitCode).toBe(3);
    expect(stdout).toContain(`${TEMPLATE}:26:13`);
    expect(stderr).toContain('/proc/self/mem: EIO');
  });

  test('checks a file once that is named twice', async () => {
    const { exitCode, stdout, stderr } = await check(node, [TEMPLATE, `./${TEMPLATE}`]);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/in 1 record of 1 file\n$/);
    expect(stderr).toBe(`./${TEMPLATE} is named twice; it is checked once\n`);
  });
});

test('takes a file of 50 MB', { timeout: 600_000 }, async () => {
  const path = join(temporaryFolder(), 'large.jsonl');
  const record = JSON.stringify({ ...COMPLETE, justification: 'x'.repeat(8_000) });
  const handle = openSync(path, 'w');
  for (let at = 0; at < 5_900; at += 1) {
    writeFileSync(handle, `${record.replace('ADR-0217', `ADR-${at}`)}\n`);
  }
  closeSync(handle);
  const { exitCode, stdout } = await check(process.execPath, [path, ...asOf]);
  expect([exitCode, stdout]).toEqual([0, '✓ nothing wrong in 5,900 records of 1 file\n']);
});

test.each(['text', 'json', 'sarif', 'github', 'junit'])(
  '%s is the same on both',
  async (format) => {
    const files = ['register-template', 'broken-records', 'several-documents'].map((name) =>
      join('test', 'documents', `${name}.yaml`),
    );
    const [newest, oldest] = await Promise.all(
      NODES.map(([, node]) => check(node, [...files, ...asOf, '--format', format])),
    );
    expect(newest).toMatchObject({ exitCode: 1, stderr: '' });
    expect(oldest).toEqual(newest);
  },
);

test('an installed package needs no sources, and a folder that nobody may write to will do', () => {
  const root = join(temporaryFolder(), 'lapse');
  mkdirSync(root);
  for (const name of ['bin', 'dist', 'package.json', 'migrations']) {
    execFileSync('cp', ['-r', join(ROOT, name), root]);
  }
  execFileSync('chmod', ['-R', 'a-w', root]);
  const said = execFileSync(join(root, 'bin', 'lapse'), ['check', file('a.json', good)], {
    env: { ...plainEnvironment(), PATH: process.env.PATH },
    encoding: 'utf8',
  });
  execFileSync('chmod', ['-R', 'u+w', root]);
  expect(said).toContain('nothing wrong');
});
