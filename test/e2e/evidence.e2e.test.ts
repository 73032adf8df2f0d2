import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import { COMPLETE } from '../support/given.ts';
import { ELF, PDF } from '../support/sample-files.ts';
import { lapseFor, ROOT, type RunLapse } from './lapse-commands.ts';
import { type LapseServer, startServer } from './lapse-server.ts';
import { longLivedFolder } from './long-lived-folder.ts';

const folder = longLivedFolder();
const at = (name: string) => join(folder, name);
const digest = createHash('sha256').update(PDF).digest('hex');

let server: LapseServer;
let lapse: RunLapse;
let id: string;

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
  server = await startServer(at('data'));
  lapse = lapseFor({ LAPSE_URL: server.url, LAPSE_DATA: server.dataDir });
  const made = await lapse('new', '--title', 'Evidence', '--json');
  id = JSON.parse(made.stdout).exception_id;
  writeFileSync(at('scan.pdf'), PDF);
  writeFileSync(at('memo.pdf'), ELF);
});
afterAll(async () => {
  await server?.end('SIGINT');
});

test('a file and a link are added, listed and shown', async () => {
  const link = 'https://git.example.com/pr/1234';
  const added = await lapse('evidence', 'add', id, link, '--file', at('scan.pdf'));
  expect(added).toMatchObject({ exitCode: 0, stderr: '' });
  const listed = await lapse('evidence', 'list', id);
  expect(listed.stdout).toContain(link);
  expect(listed.stdout).toMatch(new RegExp(`${digest} +scan.pdf`));
  const { stdout } = await lapse('show', id);
  expect(stdout).toContain('scan.pdf, 1 kB');
  expect(stdout.replaceAll(/\s+/g, '')).toContain(digest);
});

test('a file comes back as it was, under its name, and over nothing', async () => {
  const place = at('got');
  mkdirSync(place);
  const got = await lapse('evidence', 'get', id, digest.slice(0, 8), '-o', join(place, 'a.pdf'));
  expect(got).toMatchObject({ exitCode: 0 });
  expect(readFileSync(join(place, 'a.pdf'))).toEqual(PDF);
  const stored = join(server.dataDir, 'evidence');
  const path = readdirSync(stored, { recursive: true, encoding: 'utf8' }).find((name) =>
    name.endsWith(digest),
  );
  writeFileSync(join(stored, path ?? ''), PDF.toString('latin1').replace('Catalog', 'Catalug'));
  const altered = await lapse('evidence', 'get', id, digest, '-o', join(place, 'b.pdf'));
  expect(altered).toMatchObject({ exitCode: 3 });
  expect(altered.stderr).toContain('does not lie whole where it was stored');
  expect(readdirSync(place)).toEqual(['a.pdf']);
  const unknown = await lapse('evidence', 'get', id, 'ffff');
  expect(unknown).toMatchObject({ exitCode: 1 });
  expect(unknown.stderr).toContain(`lapse evidence list ${id}`);
});

test('what may not be evidence is refused in words', async () => {
  const program = await lapse('evidence', 'add', id, '--file', at('memo.pdf'));
  expect(program).toMatchObject({ exitCode: 1, stdout: '' });
  expect(program.stderr.replaceAll(/\s+/g, ' ')).toContain(
    'memo.pdf: the file is a program (application/x-elf); evidence may be PDF',
  );
  expect(await lapse('evidence', 'add', id, at('scan.pdf'))).toMatchObject({ exitCode: 2 });
  expect(await lapse('evidence', 'add', id)).toMatchObject({ exitCode: 2 });
  expect(await lapse('evidence', 'add', id, '--file', at('none'))).toMatchObject({ exitCode: 2 });
  writeFileSync(at('large.txt'), Buffer.alloc(25 * 1024 ** 2 + 1, 'x'));
  const large = await lapse('evidence', 'add', id, '--file', at('large.txt'));
  expect(large).toMatchObject({ exitCode: 1 });
  expect(large.stderr).toContain('25 MB');
});

test('close names the evidence for each criterion, and archiving reads what links lead to', async () => {
  const open = await activeRecord();
  const close = (...given: string[]) =>
    lapse('close', open, ...given.flatMap((one) => ['--evidence', one]));
  const told = ({ stderr }: { stderr: string }) => stderr.replaceAll(/\s+/g, ' ');
  const lacking = await close('c1=https://wiki.example/shut');
  expect(lacking).toMatchObject({ exitCode: 1 });
  expect(told(lacking)).toContain('closing needs evidence for c2');
  const strange = await close('c3=https://wiki.example/shut');
  expect(told(strange)).toContain('c3 names no closure criterion; there are c1, c2');
  const absent = await close('c1=https://wiki.example/shut', `c2=${digest}`);
  expect(told(absent)).toContain('names no file of this record');
  expect(await close('c1')).toMatchObject({ exitCode: 2 });
  await lapse('evidence', 'add', open, '--file', at('scan.pdf'));
  const closed = await close('c1=https://wiki.example/shut', `c2=${digest}`);
  expect(closed).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await lapse('archive', open)).toMatchObject({ exitCode: 0 });
  await server.settle();
  const off = 'was not read: reading links is turned off (LAPSE_LINKS)';
  const listed = await lapse('evidence', 'list', open);
  expect(listed.stdout).toMatch(/^https:\/\/wiki\.example\/shut\n {2}not reached, /);
  expect(listed.stdout.replaceAll(/\s+/g, ' ')).toContain(off);
  const shown = (await lapse('show', open)).stdout.replaceAll(/\s+/g, ' ');
  expect(shown).toContain(`https://wiki.example/shut: not reached, `);
  expect(shown).toContain(off);
  const late = await lapse('evidence', 'add', open, 'https://wiki.example/late');
  expect(late).toMatchObject({ exitCode: 1 });
  expect(told(late)).toContain('the exception is Archived');
});

/** A record in force with two closure criteria, c1 and c2. */
async function activeRecord(): Promise<string> {
  const { exception_id: made } = await post('/v1/exceptions', COMPLETE);
  const does = (name: string, body: object, token?: string) =>
    post(`/v1/exceptions/${made}/${name}`, body, token);
  await does('submit', {});
  for (const role of ['security', 'domain-owner', 'ciso']) {
    const { token } = await post('/v1/tokens', { name: role, role });
    await does('approve', { reason: 'the risk is contained' }, token);
  }
  await does('activate', {});
  return made;
}

async function post(path: string, body: object, token = server.adminToken) {
  const answer = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  expect(answer.ok, `${path}: ${text}`).toBe(true);
  return JSON.parse(text);
}
