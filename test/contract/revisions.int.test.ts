import { afterAll, describe, expect, test } from 'vitest';
import { COMMAND_BODIES, command, draft, recordIn } from '../support/api-records.ts';
import { COMPLETE } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

function edit(id: string, ifMatch: string | undefined, body: unknown = { title: 'edited' }) {
  const headers = ifMatch === undefined ? {} : { 'if-match': ifMatch };
  return api.send('PATCH', `/v1/exceptions/${id}`, { as: 'requestor', body, headers });
}

describe('an edit', () => {
  test('needs If-Match, and "*" names no revision', async () => {
    const { exception_id: id } = await draft(api);
    expectProblem(await edit(id, undefined), 428, 'revision-required');
    expectProblem(await edit(id, '*'), 428, 'revision-required');
  });

  test('passes with the revision that was read, strong or weakened by a proxy', async () => {
    const { exception_id: id } = await draft(api);
    const first = await edit(id, '"1"');
    expect({ status: first.status, etag: first.headers.etag }).toEqual({
      status: 200,
      etag: '"2"',
    });
    const second = await edit(id, 'W/"2"', { title: 'edited again' });
    expect(second.headers.etag).toBe('"3"');
    expect(second.body).toMatchObject({ revision: 3, title: 'edited again' });
  });

  test.each(['"0"', '"2"', '"99999999999"', '1', '""', '"1', 'W/1', '"1", "2"', '"a"', "'1'"])(
    'is refused with If-Match %s of a record at revision 1',
    async (value) => {
      const { exception_id: id } = await draft(api);
      const refused = await edit(id, value);
      expectProblem(refused, 412, 'stale-revision');
      const read = await api.send('GET', `/v1/exceptions/${id}`, { as: 'auditor' });
      expect(read.headers.etag).toBe('"1"');
      expect(read.body.title).toBe(COMPLETE.title);
    },
  );

  test('that changes nothing keeps the revision', async () => {
    const { exception_id: id } = await draft(api);
    const same = await edit(id, '"1"', { title: COMPLETE.title });
    expect({ status: same.status, etag: same.headers.etag }).toEqual({ status: 200, etag: '"1"' });
  });

  test('says which revision the record has, so that a client can say what happened', async () => {
    const { exception_id: id } = await draft(api);
    await edit(id, '"1"');
    const stale = await edit(id, '"1"', { title: 'too late' });
    expectProblem(stale, 412, 'stale-revision');
    expect(stale.body.detail).toContain('revision 2, you sent 1');
  });
});

const COMMANDS = [
  ['submit', 'Draft'],
  ['request-changes', 'Under-Review'],
  ['withdraw', 'Draft'],
  ['approve', 'Under-Review'],
  ['reject', 'Under-Review'],
  ['activate', 'Approved'],
  ['request-extension', 'Active'],
  ['revoke', 'Active'],
  ['close', 'Active'],
  ['archive', 'Closed'],
  ['renew', 'Active'],
  ['evidence', 'Active'],
  ['violations', 'Active'],
] as const;

describe.each(COMMANDS)('%s', (name, status) => {
  test('may send If-Match, which is held to, and answers with the revision', async () => {
    const { exception_id: id, revision } = await recordIn(api, status);
    const as = ['request-changes', 'approve', 'reject'].includes(name) ? 'approver' : 'requestor';
    const send = (ifMatch: string) =>
      api.send('POST', `/v1/exceptions/${id}/${name}`, {
        as,
        body: COMMAND_BODIES[name],
        headers: { 'if-match': ifMatch },
      });
    expectProblem(await send(`"${revision + 1}"`), 412, 'stale-revision');
    expectProblem(await send('"nonsense"'), 412, 'stale-revision');
    const done = await send(`"${revision}"`);
    expect(done.status, done.text).toBeLessThan(300);
    expect(done.headers.etag).toBe(`"${done.body.revision}"`);
    const { exception_id } = done.body;
    const read = await api.send('GET', `/v1/exceptions/${exception_id}`, { as: 'auditor' });
    expect(read.headers.etag).toBe(done.headers.etag);
    expect(read.body).toEqual(done.body);
  });
});

test('a record that time has moved on keeps its revision until that is written', async () => {
  const { exception_id: id, lapses_at } = await recordIn(api, 'Under-Review').then(
    async (record) => record as typeof record & { lapses_at: string },
  );
  await api.admin.query('UPDATE lapse.test_clock SET offset_ms = offset_ms + $1', [
    Date.parse(lapses_at) - Date.parse('2026-01-01T00:00:00Z'),
  ]);
  const read = await api.send('GET', `/v1/exceptions/${id}`, { as: 'requestor' });
  expect(read.body.status).toBe('Closed');
  expect(read.headers.etag).toBe('"2"');
  const refused = await command(api, id, 'approve', 'approver');
  expectProblem(refused, 409, 'wrong-state');
});
