import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import { lapseFor, ROOT, type RunLapse } from './lapse-commands.ts';
import { type LapseServer, startServer } from './lapse-server.ts';
import { longLivedFolder } from './long-lived-folder.ts';
import { atTerminal } from './terminal.ts';

let server: LapseServer;
let env: NodeJS.ProcessEnv;
let lapse: RunLapse;
let directoryToken: string;

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
  server = await startServer(join(longLivedFolder(), 'data'));
  env = { LAPSE_URL: server.url, LAPSE_DATA: server.dataDir };
  lapse = lapseFor(env);
  const made = await lapse('token', 'create', '--role', 'directory', '--name', 'Entra ID');
  directoryToken = made.stdout.trim();
});
afterAll(async () => {
  await server?.end('SIGINT');
});

/** As an identity provider asks, over a connection. */
async function scim(method: string, path: string, body: unknown): Promise<{ id: string }> {
  const answer = await fetch(`${server.url}/scim/v2${path}`, {
    method,
    headers: {
      authorization: `Bearer ${directoryToken}`,
      'content-type': 'application/scim+json; charset=utf-8',
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  expect(answer.ok, text).toBe(true);
  return JSON.parse(text);
}

const done = async (...args: string[]) => {
  const ended = await lapse(...args);
  expect(ended, args.join(' ')).toMatchObject({ exitCode: 0 });
  return ended;
};

test('people are added, changed, and let go, by id or address', async () => {
  const added = await done('people', 'add', '--name', 'J. Chen', '--email', 'JChen@example.com');
  expect(added.stdout).toMatch(
    /^per_\w{26}: J\. Chen may sign in as requestor; clearance: internal$/m,
  );
  const as = ['--role', 'ciso', '--role', 'dpo', '--clearance', 'restricted'];
  const set = await done('people', 'set', 'jchen@example.com', ...as);
  expect(set.stdout).toBe('J. Chen may sign in as ciso, dpo; clearance: restricted\n');
  const [id = ''] = /per_\w+/.exec(added.stdout) ?? [];
  const left = await done('people', 'deactivate', id, '--reason', 'moved on');
  expect(left.stdout).toBe('J. Chen has left, and may not sign in\n');
  expect((await done('people', 'list')).stdout).not.toContain('J. Chen');
  expect((await done('people', 'list', '--all')).stdout).toMatch(/J\. Chen .* left/);
  await done('people', 'reactivate', id, '--reason', 'came back');
  expect(await lapse('people', 'set', id)).toMatchObject({ exitCode: 2 });
  expect(await lapse('people', 'set', 'no@example.com', '--name', 'x')).toMatchObject({
    exitCode: 1,
  });
});

test('what the directory sends is mapped, and what a leaver answers for is handed on', async () => {
  const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User'];
  const name = { givenName: 'Ines', familyName: 'Almeida' };
  const { id } = await scim('POST', '/Users', { schemas, userName: 'ines@example.com', name });
  const members = [{ value: id }];
  await scim('POST', '/Groups', { displayName: 'Lapse Security', members });
  expect((await done('groups', 'list')).stdout).toMatch(/Lapse Security +1/);
  const mapped = await done('groups', 'map', 'lapse security', '--role', 'security');
  expect(mapped.stdout).toBe('Lapse Security (members: 1) gives security; clearance: internal\n');
  expect(await lapse('groups', 'map', 'Nothing', '--none')).toMatchObject({ exitCode: 1 });
  const byHand = await lapse('people', 'set', id, '--role', 'ciso');
  expect(byHand).toMatchObject({ exitCode: 1 });
  expect(byHand.stderr).toContain('follow from the groups of the directory');

  const owner = 'Ines Almeida <ines@example.com>';
  const draft = await done('new', '--title', 'Old TLS', '--owner', owner, '--json');
  const { exception_id } = JSON.parse(draft.stdout);
  const Operations = [{ op: 'Replace', path: 'active', value: 'False' }];
  const PatchOp = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];
  await scim('PATCH', `/Users/${id}`, { schemas: PatchOp, Operations });
  expect((await done('people', 'leaving')).stdout).toContain('answers for 1 open request');
  expect((await done('people', 'leaving', id)).stdout).toContain(exception_id);
  const to = ['--to-name', 'J. Chen', '--to-email', 'jchen@example.com'];
  const handed = await done('people', 'reassign', 'ines@example.com', ...to);
  expect(handed.stdout).toBe('1 of 1 belong to J. Chen now\n');
  expect((await done('people', 'leaving', id)).stderr).toContain('answers for nothing');
});

describe.each([80, 200])('at a terminal of %i columns', (columns) => {
  test.each([
    [['people', 'list', '--all']],
    [['people', 'leaving']],
    [['groups', 'list']],
    [['tasks', '--all']],
  ])('%j fits', async (args) => {
    const { shown } = await atTerminal({ env, columns }, ...args).ended;
    for (const line of stripVTControlCharacters(shown).split('\n'))
      expect([...line].length, line).toBeLessThanOrEqual(columns);
  });
});
