import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { draft, recordIn } from '../support/api-records.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
beforeAll(async () => {
  await draft(api, { environment: 'dev', services: ['billing'], title: 'dev' });
  await draft(api, { environment: 'staging', services: ['search', 'billing'], title: 'staging' });
  await recordIn(api, 'Active');
});
afterAll(() => api.close());

const list = (query: string) => api.send('GET', `/v1/exceptions?${query}`, { as: 'auditor' });
const cursorOf = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');

describe('a parameter that cannot be read is refused by name', () => {
  test.each([
    'limit=0',
    'limit=201',
    'limit=',
    'limit=-1',
    'limit=1.5',
    'limit=1e2',
    'limit=0x10',
    'limit=NaN',
    'limit=Infinity',
    'limit=999999999999999999999999',
    'limit=10&limit=20',
    'expiring_within=',
    'expiring_within=%20',
    'expiring_within=3651',
    'expires_before=9999-12',
    'expires_before=2025-02-30',
    'expires_before=2025-02-30T00:00:00Z',
    'expires_after=now()',
    'expires_after=infinity',
    'expires_after=',
    'status=draft',
    'status=Draft,Closed',
    'status[]=Draft',
    'kind=',
    'severity=Critical',
    'overdue=yes',
    'open=1',
    'open=true&open=false',
    'sort=state',
    'sort=--title',
    'sort=title;DROP',
    'sort=created_at%00',
    'sort=title&sort=title',
    'count=true',
    'count=exact&count=exact',
    'q=%00',
    `q=${'x'.repeat(301)}`,
    'q=a&q=b',
    'owner=%00',
    `owner=${'x'.repeat(301)}`,
    'policy_ref=%22',
    `cursor=${'x'.repeat(2_001)}`,
  ])('%s', async (query) => {
    const answer = await list(query);
    expectProblem(answer, 400, 'invalid-request');
    const name = /^[a-z_[\]]+/.exec(query)?.[0] ?? '';
    expect(answer.body.errors[0].path.split('.')[0]).toBe(name);
  });

  test.each([
    ['statsu=Draft', 'statsu', 'status'],
    ['Limit=1', 'Limit', 'limit'],
    ['__proto__=1', '__proto__', ''],
    ['constructor=1', 'constructor', ''],
    ['tenant_id=x', 'tenant_id', ''],
  ])('%s is not known', async (query, path, near) => {
    const answer = await list(query);
    expectProblem(answer, 400, 'invalid-request');
    expect(answer.body.errors[0].path).toBe(path);
    expect(answer.body.errors[0].message).toContain(near);
  });

  test('on a route that takes none either, so that nothing is ignored in silence', async () => {
    const { exception_id: id } = await draft(api);
    const sent = { as: 'requestor', body: {} } as const;
    const dryRun = await api.send('POST', `/v1/exceptions/${id}/submit?dry_run=true`, sent);
    expectProblem(dryRun, 400, 'invalid-request');
    const paged = await api.send('GET', '/v1/ledger/epochs?limit=5', { as: 'administrator' });
    expectProblem(paged, 400, 'invalid-request');
    expectProblem(await api.send('GET', `/v1/exceptions/${id}?x=1`, sent), 400, 'invalid-request');
  });
});

describe('a cursor that no list has given out is refused', () => {
  const ID = 'EXC_01J6M9M5Y0Q2H6W2QF9Q1VABCE';
  const at = '2026-01-01 00:00:00+00';
  test.each([
    ['garbage', 'x'],
    ['nothing', ''],
    ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe]).toString('base64url')],
    ['JSON of another shape', Buffer.from('{"a":1}').toString('base64url')],
    ['null', Buffer.from('null').toString('base64url')],
    ['no place', cursorOf('-created_at')],
    ['another sort', cursorOf('title', 'x', ID)],
    ['SQL for a time', cursorOf('created_at', "now()'; DROP TABLE lapse.events", ID)],
    ['a time that does not exist', cursorOf('created_at', '2026-02-30 00:00:00+00', ID)],
    ['an hour that does not exist', cursorOf('created_at', '2026-01-01 99:99:99+00', ID)],
    ['a year beyond the last', cursorOf('created_at', '999999-01-01 00:00:00+00', ID)],
    ['another zone', cursorOf('created_at', '2026-01-01 00:00:00+05:30', ID)],
    ['a number for a time', cursorOf('created_at', 1, ID)],
    ['NUL for an id', cursorOf('created_at', at, '\u0000')],
    ['SQL for an id', cursorOf('created_at', at, "') OR true --")],
    ['an object for an id', cursorOf('created_at', at, { toString: 1 })],
  ])('%s', async (_, cursor) => {
    const answer = await list(`sort=created_at&cursor=${cursor}`);
    expectProblem(answer, 400, 'invalid-request');
    expect(answer.body.errors[0].path).toBe('cursor');
  });

  test.each(['a\u0000b', '\ud800'])('%j for a title', async (title) => {
    expectProblem(
      await list(`sort=title&cursor=${cursorOf('title', title, ID)}`),
      400,
      'invalid-request',
    );
  });

  test('one made up in the right form opens nothing but a page of this list', async () => {
    const answer = await list(`sort=created_at&cursor=${cursorOf('created_at', at, ID)}`);
    expect(answer.status).toBe(200);
  });
});

describe('values', () => {
  const titles = async (query: string) =>
    (await list(query)).body.items.map(({ title }: { title: string }) => title).sort();

  test('that are repeated mean "any of"', async () => {
    expect(await titles('environment=dev')).toEqual(['dev']);
    expect(await titles('environment=dev&environment=staging')).toEqual(['dev', 'staging']);
    expect(await titles('service=billing&service=nobody')).toEqual(['dev', 'staging']);
    expect(await titles('environment=dev&environment=staging&service=search')).toEqual(['staging']);
    const twice = await list('environment=dev&environment=dev');
    expect(twice.body.total).toBe(1);
  });

  test('of a repeated parameter are all checked, and there may be fifty', async () => {
    const refused = await list('status=Draft&status=Nope');
    expectProblem(refused, 400, 'invalid-request');
    expect(refused.body.errors[0].message).toContain('Under-Review');
    const many = (count: number) => Array.from({ length: count }, () => 'service=x').join('&');
    expect((await list(many(50))).status).toBe(200);
    expectProblem(await list(many(51)), 400, 'invalid-request');
  });

  test('of a search are words, never operators', async () => {
    for (const q of [
      'dev',
      'DEV',
      'de',
      "dev' & 'x",
      'dev | staging',
      '!staging dev',
      ':*',
      '<->',
      '\\',
      '""',
    ]) {
      const answer = await list(`q=${encodeURIComponent(q)}`);
      expect({ q, status: answer.status }).toEqual({ q, status: 200 });
    }
    expect(await titles('q=de')).toEqual(['dev']);
    expect(await titles('q=dev%20%7C%20staging')).toEqual([]);
    expect(await titles('q=%27%20OR%201%3D1')).toEqual([]);
  });
});
