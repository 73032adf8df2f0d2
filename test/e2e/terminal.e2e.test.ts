import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import { lapseFor, ROOT, type RunLapse } from './lapse-commands.ts';
import { type LapseServer, startServer } from './lapse-server.ts';
import { longLivedFolder } from './long-lived-folder.ts';
import { atTerminal } from './terminal.ts';

const folder = longLivedFolder();
const TITLE =
  'A title that is so long that no terminal of eighty columns has any room for all of it';
/** More than one page holds. */
const TOKENS = 205;

let server: LapseServer;
let env: NodeJS.ProcessEnv;
let lapse: RunLapse;
let id: string;
let register: string;

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
  server = await startServer(join(folder, 'data'));
  env = { LAPSE_URL: server.url, LAPSE_DATA: server.dataDir };
  lapse = lapseFor(env);
  register = await activeRecord();
  id = JSON.parse((await lapse('new', '--title', TITLE, '--json')).stdout).exception_id;
  const headers = {
    authorization: `Bearer ${server.adminToken}`,
    'content-type': 'application/json',
  };
  for (let at = 0; at < TOKENS; at += 1) {
    const body = JSON.stringify({ name: `Auditor ${at}`, role: 'auditor' });
    const made = await fetch(`${server.url}/v1/tokens`, { method: 'POST', headers, body });
    expect(made.status).toBe(201);
  }
});
afterAll(async () => {
  await server?.end('SIGINT');
});

/** A record that is in force for thirty days from now on. */
async function activeRecord(): Promise<string> {
  const made = await lapse('new', ...REQUEST, '--submit', '--json');
  expect(made).toMatchObject({ exitCode: 0, stderr: '' });
  const { exception_id } = JSON.parse(made.stdout);
  for (const role of ['security', 'domain-owner']) {
    const token = await lapse('token', 'create', '--role', role, '--name', `The ${role}`);
    const approver = lapseFor({ ...env, LAPSE_TOKEN: token.stdout.trim() });
    expect(
      await approver('approve', exception_id, '--reason', 'controls reviewed with the team'),
    ).toMatchObject({
      exitCode: 0,
    });
  }
  expect(await lapse('activate', exception_id)).toMatchObject({ exitCode: 0 });
  return exception_id;
}

const REQUEST = [
  ...['--title', 'Old TLS towards the customs gateway', '--category', 'network'],
  ...['--policy-ref', 'policy#tls', '--adr-id', 'ADR-0001', '--requestor', 'A. Rivera'],
  ...['--environment', 'prod', '--data-classification', 'internal', '--stride', 'I'],
  ...['--threat-model-link', 'threats#tls', '--likelihood', 'Low', '--impact', 'Low'],
  ...['--compensating-control', 'A tunnel', '--dashboard', 'SLO', '--plan', 'A new gateway'],
  ...['--effective-from', '2026-01-01', '--requested-duration', 'P30D'],
  ...['--owner', 'A. Rivera <arivera@example.com>', '--expiry-actions', 'It is cut off'],
  ...['--criterion', 'The new gateway is live'],
];

const WORKLOAD = [
  ...['--name', 'The pipeline that deploys the customs gateway', '--role', 'requestor'],
  ...['--issuer', 'https://token.actions.githubusercontent.com'],
  ...['--claim', 'ref=refs/heads/main', '--scope', 'exception:read'],
];

describe.each([80, 200])('at a terminal of %i columns', (columns) => {
  test.each<[string, () => string[], number]>([
    ['a list', () => ['list'], 0],
    ['a page of it', () => ['list', '--limit', '201'], 2],
    ['a record', () => ['show', id], 0],
    ['a record in force', () => ['show', register], 0],
    ['its history', () => ['history', register], 0],
    ['reports', () => ['report'], 0],
    ['tokens', () => ['token', 'list'], 0],
    ['a workload', () => ['workload', 'add', ...WORKLOAD, '--claim', 'repository=acme/app'], 0],
    ['workloads', () => ['workload', 'list'], 0],
    ['tasks', () => ['tasks'], 0],
    ['an outcome', () => ['edit', id, '--environment', 'prod'], 0],
    ['a comment', () => ['comment', id, 'seen'], 0],
    ['an incomplete request', () => ['submit', id], 1],
    ['a value that is none', () => ['list', '--status', 'Gone'], 2],
    ['options that exclude each other', () => ['list', '--all', '--limit', '3'], 2],
    ['a workload that is anybody', () => ['workload', 'add', ...WORKLOAD], 1],
    ['a claim without a value', () => ['workload', 'add', ...WORKLOAD, '--claim', 'x'], 2],
    ['no such workload', () => ['workload', 'remove', 'wl_1'], 1],
    ['no such token', () => ['token', 'revoke', 'tok_1'], 1],
    ['a file that is not there', () => ['import', '/nowhere/a.yaml'], 2],
  ])('%s fits, and tells no stack', async (_, args, exitCode) => {
    const ended = await atTerminal({ env, columns }, ...args()).ended;
    const shown = stripVTControlCharacters(ended.shown);
    expect({ ...ended, shown }).toMatchObject({ exitCode });
    expect(shown).not.toMatch(/this should not happen|^\s+at |ENOENT/m);
    for (const line of shown.split('\n'))
      expect([...line].length, line).toBeLessThanOrEqual(columns);
    if (exitCode !== 0 && !args().includes('201')) expect(shown).toMatch(/^(next: |Usage)/m);
  });
});

test('into a pipe nothing is cut or wrapped', async () => {
  const listed = await lapse('list');
  expect(listed.stdout).toContain(TITLE);
  expect((await lapse('show', id)).stdout).toContain(`${TITLE}\n`);
  expect((await lapse('token', 'list')).stdout).toMatch(/ CREATED$/m);
});

test('all tokens are listed, page after page', async () => {
  const { stdout } = await lapse('token', 'list', '--json');
  const { items, next_cursor } = JSON.parse(stdout);
  expect(next_cursor).toBeNull();
  expect(new Set(items.map(({ token_id }: { token_id: string }) => token_id)).size).toBe(
    TOKENS + 3,
  );
});

test('what is left is by the server’s clock, however wrong the own one is', async () => {
  const wrong = 'data:text/javascript,Date.now = () => 4102444800000;';
  const late = lapseFor({ ...env, NODE_OPTIONS: `--import "${wrong}"` });
  expect((await late('show', register)).stdout).toMatch(/^ends in 29 days \(/m);
  expect((await late('list', '--open')).stdout).toMatch(/ 29 d /);
});
