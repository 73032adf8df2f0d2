import { afterAll, describe, expect, test } from 'vitest';
import { command, draft, recordIn } from '../support/api-records.ts';
import { COMPLETE } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());
const as = 'requestor';

describe('paths and methods', () => {
  test.each(['/v1', '/v1/nothing', '/v2/exceptions', '/docs/static/../../x'])(
    'there is nothing at %s',
    async (url) => {
      expectProblem(await api.send('GET', url, { as }), 404, 'not-found');
    },
  );

  test.each([
    ['PUT', '/v1/exceptions', 'GET, HEAD, POST'],
    ['DELETE', '/v1/exceptions/EXC_1', 'GET, HEAD, PATCH'],
    ['GET', '/v1/exceptions/EXC_1/approve', 'POST'],
    ['TRACE', '/v1/exceptions', 'GET, HEAD, POST'],
    ['POST', '/openapi.json', 'GET, HEAD'],
    ['OPTIONS', '/v1/tokens', 'GET, HEAD, POST'],
  ])('%s %s says that %s would pass', async (method, url, allow) => {
    const answer = await api.send(method, url, { as });
    expectProblem(answer, 405, 'method-not-allowed');
    expect(answer.headers.allow).toBe(allow);
  });

  test('what is echoed of a path is text inside JSON', async () => {
    const answer = await api.send('GET', '/v1/%3Cscript%3E"x\'?secret=1', { as });
    expectProblem(answer, 404, 'not-found');
    expect(answer.body.detail).not.toContain('secret');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });

  test.each(['/v1/exceptions/%zz', '/v1/exceptions/%c3%28', '/%'])(
    'a URL that cannot be decoded is refused: %s',
    async (url) => {
      const answer = await api.send('GET', url, { as });
      expectProblem(answer, 400, 'invalid-request');
      expect(answer.headers).toMatchObject({
        'content-security-policy': "default-src 'none';frame-ancestors 'none'",
        'cache-control': 'no-store',
      });
    },
  );

  const IDS = ['%00', '%0d%0aset-cookie:x', '..%2f..%2f', "'%20OR%201=1--", 'a'.repeat(65)];
  test.each([...IDS, 'a'.repeat(12_000), '%F0%9F%92%A5'])('an id is none: %s', async (id) => {
    for (const [method, url] of [
      ['GET', `/v1/exceptions/${id}`],
      ['GET', `/v1/exceptions/${id}/history`],
      ['GET', `/v1/exceptions/${id}/comments`],
      ['POST', `/v1/exceptions/${id}/submit`],
    ] as const) {
      expectProblem(await api.send(method, url, { as }), 400, 'invalid-request');
    }
    const admin = { as: 'administrator' } as const;
    expectProblem(await api.send('DELETE', `/v1/tokens/${id}`, admin), 400, 'invalid-request');
    expectProblem(await api.send('POST', `/v1/tasks/${id}/retry`, admin), 400, 'invalid-request');
  });
});

describe('media types', () => {
  test.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', '', 'nonsense'])(
    'a body of type "%s" is refused',
    async (type) => {
      const headers = { 'content-type': type };
      const answer = await api.send('POST', '/v1/exceptions', {
        as,
        raw: '{"title":"x"}',
        headers,
      });
      expectProblem(answer, 415, 'unsupported-media-type');
      expect(answer.body.detail).toContain('application/json');
    },
  );

  test.each([
    'application/json',
    'APPLICATION/JSON; charset=utf-8',
    'application/json;charset=UTF-8',
  ])('a body of type "%s" is read', async (type) => {
    const headers = { 'content-type': type };
    const answer = await api.send('POST', '/v1/exceptions', { as, raw: '{"title":"x"}', headers });
    expect(answer.status).toBe(201);
  });
});

describe('refusals of the register', () => {
  test('each names its code, and what would pass', async () => {
    const { exception_id: active } = await recordIn(api, 'Active');
    const { exception_id: incomplete } = await draft(api, { adr_id: undefined });
    const { exception_id: requested } = await recordIn(api, 'Under-Review');
    const close = { as, body: { evidence: [] } } as const;
    expectProblem(await command(api, active, 'submit'), 409, 'wrong-state');
    expectProblem(await command(api, incomplete, 'submit'), 422, 'incomplete-record');
    expectProblem(await command(api, active, 'approve', 'approver'), 409, 'no-such-change');
    expectProblem(
      await api.send('POST', `/v1/exceptions/${active}/close`, close),
      422,
      'missing-evidence',
    );
    const own = await api.send('POST', '/v1/exceptions?submit=true', {
      as: 'approver',
      body: COMPLETE,
    });
    const self = await command(api, own.body.exception_id, 'approve', 'approver');
    expectProblem(self, 403, 'self-approval');
    expectProblem(await command(api, requested, 'approve'), 403, 'not-permitted');
  });

  test('with submit=true an incomplete record makes nothing at all', async () => {
    const count = async () =>
      (await api.send('GET', '/v1/exceptions?count=exact', { as })).body.total;
    const before = await count();
    const answer = await api.send('POST', '/v1/exceptions?submit=true', {
      as,
      body: { title: 'only a title' },
    });
    expectProblem(answer, 422, 'incomplete-record');
    expect(answer.body.errors.length).toBeGreaterThan(10);
    expect(await count()).toBe(before);
  });

  test('a read-only tenant is served its register and refuses changes', async () => {
    const { exception_id: id } = await draft(api);
    await api.admin.query("UPDATE lapse.tenants SET state = 'read-only', state_note = 'restored'");
    const refused = await command(api, id, 'submit');
    const comment = await command(api, id, 'comments');
    await api.send('GET', `/v1/exceptions/${id}`, { as }).then(({ status }) => {
      expect(status).toBe(200);
    });
    await api.admin.query("UPDATE lapse.tenants SET state = 'active', state_note = NULL");
    expectProblem(refused, 503, 'ledger-diverged');
    expectProblem(comment, 503, 'ledger-diverged');
    expect(refused.headers['retry-after']).toBe('2');
  });
});

test('what goes wrong inside is answered without a word of it', async () => {
  const { exception_id: id } = await draft(api);
  // A state that no fold can have made, as a fault in the code would be.
  await api.admin.query(`UPDATE lapse.exceptions SET fields = 'null' WHERE exception_id = $1`, [
    id,
  ]);
  const answer = await api.send('GET', `/v1/exceptions/${id}`, { as });
  expect(answer.status).toBe(500);
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(answer.body).toEqual({
    type: 'about:blank',
    title: 'internal error',
    status: 500,
    detail: 'something went wrong inside Lapse; the log has it under this request id',
    code: 'internal',
    request_id: answer.headers['x-request-id'],
  });
});
