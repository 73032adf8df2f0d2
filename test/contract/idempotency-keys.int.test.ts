import { afterAll, expect, test } from 'vitest';
import { HOUR } from '../../src/domain/schedule/instant.ts';
import { command, draft } from '../support/api-records.ts';
import { COMPLETE, START } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { rowCounts } from '../support/row-counts.ts';
import { createTestApi, type TestRequest } from '../support/test-api.ts';

let real = Date.now();
const api = await createTestApi({ realNow: () => real });
afterAll(() => api.close());

const rows = () => rowCounts(api.admin);

test('the key of another principal, path or tenant is another key', async () => {
  const headers = { 'idempotency-key': 'shared' };
  const other = await api.addTenant();
  const { exception_id: one } = await draft(api);
  const send = (request: TestRequest, url = '/v1/exceptions') =>
    api.send('POST', url, { body: COMPLETE, ...request, headers });
  const answers = [
    await send({ as: 'requestor' }),
    await send({ as: 'approver' }),
    await send({ as: 'requestor' }, '/v1/exceptions?submit=true'),
    await send({ token: other.tokens.requestor }),
    await send({ as: 'requestor', body: {} }, `/v1/exceptions/${one}/submit`),
  ];
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 200]);
  expect(new Set(answers.map(({ body }) => body.exception_id)).size).toBe(5);
});

test('the answer stays what it was when the record moves on, and so does its revision', async () => {
  const { exception_id: id } = await draft(api);
  const keyed = { as: 'requestor', body: {}, headers: { 'idempotency-key': 'stays' } } as const;
  const first = await api.send('POST', `/v1/exceptions/${id}/submit`, keyed);
  await command(api, id, 'approve', 'approver');
  await command(api, id, 'withdraw');
  const again = await api.send('POST', `/v1/exceptions/${id}/submit`, keyed);
  expect(again.body).toEqual(first.body);
  expect(again.headers.etag).toBe('"2"');
});

test('a key that comes back with another request is refused, and changes nothing', async () => {
  const headers = { 'idempotency-key': 'another-request' };
  const as = 'requestor';
  await api.send('POST', '/v1/exceptions', { as, body: { title: 'one' }, headers });
  const before = await rows();
  const other = await api.send('POST', '/v1/exceptions', { as, body: { title: 'two' }, headers });
  expectProblem(other, 422, 'idempotency-mismatch');
  expect(await rows()).toEqual(before);
});

test('a refused request leaves its key free', async () => {
  const headers = { 'idempotency-key': 'refused-first' };
  const refused = await api.send('POST', '/v1/exceptions', {
    as: 'requestor',
    body: { ...COMPLETE, requested_duration: 'P91D' },
    headers,
  });
  expect(refused.status).toBe(422);
  const made = await api.send('POST', '/v1/exceptions', {
    as: 'requestor',
    body: COMPLETE,
    headers,
  });
  expect(made.status).toBe(201);
});

test('keys of URLs beyond what an index can hold are told apart', async () => {
  const headers = { 'idempotency-key': 'k'.repeat(200) };
  const send = (query: string) =>
    api.send('POST', `/v1/exceptions?${query}`, { as: 'requestor', body: COMPLETE, headers });
  const padding = '&'.repeat(3_000);
  const [draftMade, submitted] = [
    await send(`submit=false${padding}`),
    await send(`submit=false${padding}&submit=`),
  ];
  expect(draftMade.status).toBe(201);
  expect([400, 201]).toContain(submitted.status);
  expect((await send(`submit=false${padding}`)).body).toEqual(draftMade.body);
});

test('a key is remembered for 72 hours and no longer', async () => {
  const keyed = { as: 'requestor', body: COMPLETE, headers: { 'idempotency-key': 'old' } } as const;
  const first = await api.send('POST', '/v1/exceptions', keyed);
  const at = Date.parse(first.body.created_at);
  expect(at).toBeGreaterThanOrEqual(START);
  const later = async (hours: number) => {
    // Housekeeping is not due more often than every two seconds of real time.
    real += 10_000;
    await api.moveTo(at + hours * HOUR);
    return (await api.send('POST', '/v1/exceptions', keyed)).body;
  };
  expect(await later(71)).toEqual(first.body);
  expect((await later(73)).exception_id).not.toBe(first.body.exception_id);
});
