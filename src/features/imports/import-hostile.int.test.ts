import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Imports, openImports, places } from './imports.fixture.ts';

let imports: Imports;
let before: readonly number[];
beforeAll(async () => {
  imports = await openImports();
  before = await imports.rows();
});
afterAll(() => imports.close());

const bombs = 'abcdefghij'.split('').map((name, index, names) => {
  const items = Array(9).fill(index === 0 ? 'x' : `*${names[index - 1]}`);
  return `${name}: &${name} [${items.join(', ')}]\n`;
});

describe('refused with the place, the rule and what would pass', () => {
  it.each([
    ['broken YAML', 'title: A\nowners: [a, b\n', /^\d+:\d+ .+/],
    ['an open quote', 'title: "A\n', /^1:8 .*The quote " is not closed\.$/],
    ['a key twice', 'title: A\ntitle: B\n', /^2:1 .*on lines 1 and 2\. Keep one\.$/],
    ['an alias bomb', bombs.join(''), /more than (10000 values|100 aliases)/],
    ['deep nesting', `title: A\ngrants: ${'['.repeat(40)}${']'.repeat(40)}`, /have 32\.$/],
    ['a title of a million characters', `title: ${'x'.repeat(1_000_000)}\n`, /512 KB/],
    ['a title of 301', `title: ${'x'.repeat(301)}\n`, /^1:8 title must have at most 300/],
    ['a list of 201', `title: A\nservices: [${'a,'.repeat(201)}]`, /^2:11 services .*200 entries/],
    ['NUL', 'title: "a\\0b"\n', /^1:8 .*control character U\+0000; remove it/],
    ['half of a character', 'title: "a\\ud800"\n', /^1:8 .*half of a character \(U\+D800\)/],
    [
      'an unknown key',
      'title: A\nexpire_at: x\n',
      /^2:12 expire_at unknown key; did you mean expires_at\?$/,
    ],
    ['a month', 'title: A\nexpires_at: 9999-12\n', /^2:13 expires_at "9999-12" .* would pass/],
    ['no such day', 'title: A\nexpires_at: 2025-02-30\n', /^2:13 expires_at .* would pass/],
    ['a local date', 'title: A\nexpires_at: 31/12/2025\n', /^2:13 expires_at .* would pass/],
    [
      'an end before the start',
      'title: A\neffective_from: 2099-01-02\nexpires_at: 2099-01-01\n',
      /^3:13 expires_at .*does not lie after effective_from .* would pass/,
    ],
    [
      'a wrong score',
      'title: A\nlikelihood: Low\nimpact: Low\nrisk_score: 9\n',
      /^4:13 risk_score .*write 1$/,
    ],
    ['no title', 'category: data\n', /^1:1 title is required/],
    [
      'a foreign tenant',
      'title: A\ntenant_org: 01ARZ3NDEKTSV4RRFFQ69G5FAV\n',
      /^2:13 tenant_org .* would pass/,
    ],
    [
      'a renewal',
      'title: A\nrenews: EXC_01ARZ3NDEKTSV4RRFFQ69G5FAV\n',
      /^2:9 renews cannot be imported/,
    ],
    ['no record', '# nothing\n', /^1:1 {2}There is no record in this file/],
    ['nothing at all', '', /^1:1 {2}There is no record in this file/],
    ['a list in a list', '- - title: A\n', /^1:3 .*a list/],
    ['an unfilled template', 'title: {{ title }}\n', /^1:8 .*was not filled in/],
    ['a prototype', 'title: A\n__proto__: {a: 1}\n', /^2:1 .*reserved/],
  ])('%s', async (_, file, words) => {
    const sent = await imports.send(file);
    expect(sent.status).toBe(422);
    expect(sent.body.code).toBe('import-refused');
    const told = sent.body.errors?.map((e) => `${e.line}:${e.column} ${e.path} ${e.message}`);
    expect(told).toContainEqual(expect.stringMatching(words));
    for (const line of told ?? []) expect(line.length).toBeLessThan(1_000);
  });

  it.each([
    ['invalid UTF-8', [0x74, 0x69, 0x74, 0x6c, 0x65, 0x3a, 0x20, 0xff, 0xfe, 0x0a], 8],
    ['UTF-16', [0xff, 0xfe, 0x74, 0x00, 0x69, 0x00], 1],
    ['a byte of zero', [0x74, 0x69, 0x74, 0x6c, 0x65, 0x3a, 0x20, 0x00, 0x0a], 8],
  ])('%s', async (_, bytes, column) => {
    const sent = await imports.send(Uint8Array.from(bytes));
    expect(sent.status).toBe(422);
    expect(sent.body.errors?.[0]).toMatchObject({ line: 1, column });
  });

  it('many problems: the first thousand, and how many there are', async () => {
    const sent = await imports.send('- title: A\n  stride: Q\n  impact: None\n'.repeat(700));
    expect(sent.body.detail).toBe(
      'nothing was imported: the file has 1,400 problems; the first 1,000 are listed',
    );
    expect(sent.body.errors).toHaveLength(1_000);
    expect(places(sent).slice(0, 2)).toEqual(['2:11 stride', '3:11 impact']);
  });
});

describe('refused before it is read', () => {
  it('from those who may not write, or whom nobody knows', async () => {
    const auditor = { authorization: imports.tokenOf('auditor') };
    expect((await imports.send('title: A', '', auditor)).status).toBe(403);
    expect((await imports.send('title: A', '', { authorization: 'Bearer x' })).status).toBe(401);
  });

  it.each([
    [{ 'content-type': 'text/plain' }, 415],
    [{ 'content-type': 'multipart/form-data; boundary=x' }, 415],
    [{ 'content-encoding': 'gzip' }, 415],
    [{ 'idempotency-key': 'a b' }, 400],
  ])('with headers such as %j', async (headers, status) => {
    expect((await imports.send('title: A', '', headers as Record<string, string>)).status).toBe(
      status,
    );
  });

  it.each(['?assign=yes', '?dryrun=true'])('with a query such as %s', async (query) => {
    expect((await imports.send('title: A', query)).status).toBe(400);
  });

  it('without a body', async () => {
    const headers = { authorization: imports.tokenOf('requestor') };
    const answer = await imports.app.inject({ method: 'POST', url: '/v1/imports', headers });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'invalid-request']);
  });
});

it('a register that may only be read refuses, a rehearsal too', async () => {
  await imports.sql("UPDATE lapse.tenants SET state = 'read-only'");
  for (const query of ['', '?dry_run=true']) {
    const { status, body } = await imports.send('title: A', query);
    expect([status, body.code]).toEqual([503, 'ledger-diverged']);
  }
  await imports.sql("UPDATE lapse.tenants SET state = 'active'");
});

it('the route is documented with its media types', async () => {
  const document = (await imports.app.inject('/openapi.json')).json();
  const { requestBody, parameters } = document.paths['/v1/imports'].post;
  expect(Object.keys(requestBody.content)).toContain('application/yaml');
  expect(parameters.map(({ name }: { name: string }) => name)).toEqual(
    expect.arrayContaining(['assign', 'dry_run']),
  );
});

it('other routes still read JSON as before', async () => {
  const headers = { authorization: imports.tokenOf('requestor') };
  const post = (type: string) =>
    imports.app.inject({
      method: 'POST',
      url: '/v1/exceptions',
      headers: { ...headers, 'content-type': type },
      payload: '{"titel":"A"}',
    });
  expect((await post('application/json')).json().code).toBe('invalid-record');
  expect((await post('application/yaml')).statusCode).toBe(415);
});

it('nothing of all this has left anything behind', async () => {
  expect(await imports.rows()).toEqual(before);
});
