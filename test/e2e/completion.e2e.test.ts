import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { lapseFor } from './lapse-commands.ts';

const NOWHERE = { LAPSE_URL: 'http://127.0.0.1:1', LAPSE_TOKEN: 'lapse_x' };

/** What is offered for the last of the words. */
async function offered(words: readonly string[], env: NodeJS.ProcessEnv = NOWHERE) {
  const { exitCode, stdout, stderr } = await lapseFor(env)('complete', '--', ...words);
  expect([exitCode, stderr]).toEqual([0, '']);
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith(':'));
  return lines.map((line) => line.split('\t')[0]);
}

test('commands, their subcommands, options and values are offered', async () => {
  expect(await offered(['sh'])).toEqual(['show']);
  expect(await offered(['ledger', ''])).toEqual(expect.arrayContaining(['verify', 'checkpoint']));
  expect(await offered(['list', '--stat'])).toEqual(['--status']);
  expect(await offered(['list', '--status', 'Ex'])).toEqual(['Expiring', 'Extended', 'Expired']);
  expect(await offered(['token', 'create', '--role', 'a'])).toEqual([
    'administrator',
    'approver',
    'api-owner',
    'auditor',
  ]);
});

test('a server that is not there, or answers nonsense, offers no ids and says nothing', async () => {
  expect(await offered(['show', 'EXC_'])).toEqual([]);
  const server = createServer((_, answer) => answer.end('<html>')).listen(0);
  const { port } = server.address() as AddressInfo;
  const env = { ...NOWHERE, LAPSE_URL: `http://127.0.0.1:${port}` };
  expect(await offered(['show', 'EXC_'], env)).toEqual([]);
  server.close();
});

test('ids are offered with their titles, without what could move the cursor', async () => {
  const page = {
    items: [{ exception_id: 'EXC_1', title: 'a\u001b[2Jb\nEXC_9\tc' }],
    next_cursor: null,
    total: 1,
    total_is_minimum: false,
  };
  const server = createServer((_, answer) => {
    answer.setHeader('content-type', 'application/json').end(JSON.stringify(page));
  }).listen(0);
  const { port } = server.address() as AddressInfo;
  const env = { LAPSE_URL: `http://127.0.0.1:${port}`, LAPSE_TOKEN: 'lapse_x' };
  const { stdout } = await lapseFor(env)('complete', '--', 'approve', 'EXC');
  server.close();
  expect(stdout).toBe('EXC_1\tab EXC_9 c\n:4\n');
});

test('templates are offered with what each is for', async () => {
  const items = [
    { name: 'firewall', summary: 'A port for a week' },
    { name: 'pilot', summary: 'A trial' },
  ];
  const asked: (string | undefined)[] = [];
  const server = createServer((request, answer) => {
    asked.push(request.url);
    answer.setHeader('content-type', 'application/json').end(JSON.stringify({ items }));
  }).listen(0);
  const { port } = server.address() as AddressInfo;
  const lapse = lapseFor({ LAPSE_URL: `http://127.0.0.1:${port}`, LAPSE_TOKEN: 'lapse_x' });
  const { stdout } = await lapse('complete', '--', 'new', '--template', 'fire');
  server.close();
  expect(stdout).toMatch(/^firewall\tA port for a week\n:/);
  expect(asked).toEqual(['/v1/policy/templates']);
});

test('the scripts are there for each shell, and bash reads its own', async () => {
  const lapse = lapseFor({});
  for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
    const { exitCode, stdout } = await lapse('completion', shell);
    expect([exitCode, stdout.includes('lapse complete')]).toEqual([0, true]);
  }
  const { stdout: script } = await lapse('completion', 'bash');
  execFileSync('bash', ['--norc', '-n'], { input: script });
  expect(await lapse('completion', 'tcsh')).toMatchObject({ exitCode: 2 });
});

test('--watch draws on a terminal alone', async () => {
  const watched = await lapseFor(NOWHERE)('list', '--watch');
  expect(watched.exitCode).toBe(2);
  expect(watched.stderr).toContain('--watch draws on a terminal');
  expect((await lapseFor(NOWHERE)('list', '--watch', '0')).exitCode).toBe(2);
  expect((await lapseFor(NOWHERE)('list', '--watch', '--json')).exitCode).toBe(2);
});
