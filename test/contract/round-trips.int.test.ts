import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { approveAll, command, draft, recordIn } from '../support/api-records.ts';
import { COMPLETE, REASON } from '../support/given.ts';
import { createTestApi, type TestAnswer, type TestRequest } from '../support/test-api.ts';

// Real time stands still here, so that a token once looked up stays known.
const real = Date.now();
const api = await createTestApi({ realNow: () => real });
beforeAll(async () => {
  for (const token of Object.values(api.tokens)) await api.send('GET', '/v1/exceptions', { token });
});
afterAll(() => api.close());

async function tripsOf(run: () => Promise<TestAnswer>): Promise<number> {
  const before = api.register.db.roundTrips;
  const answer = await run();
  expect(answer.status, answer.text).toBeLessThan(300);
  return api.register.db.roundTrips - before;
}

/** DESIGN section 2, Transactions: a command costs at most four round trips. */
const AT_MOST = 4;

describe.each([
  ['without a key', {}],
  ['with a key', { 'idempotency-key': 'counted' }],
])('a command %s takes at most four round trips', (_, headers) => {
  const post = (url: string, as: NonNullable<TestRequest['as']>, body: unknown) =>
    tripsOf(() => api.send('POST', url, { as, body, headers }));

  test('create', async () => {
    await draft(api);
    expect(await post('/v1/exceptions', 'requestor', COMPLETE)).toBeLessThanOrEqual(AT_MOST);
    expect(await post('/v1/exceptions?submit=true', 'requestor', COMPLETE)).toBeLessThanOrEqual(
      AT_MOST,
    );
  });

  test('edit', async () => {
    const { exception_id: id } = await draft(api, { services: ['a'] });
    const trips = await tripsOf(() =>
      api.send('PATCH', `/v1/exceptions/${id}`, {
        as: 'requestor',
        body: { title: 'other', services: ['b', 'c'], owners: ['x@example.com'] },
        headers: { ...headers, 'if-match': '"1"' },
      }),
    );
    expect(trips).toBeLessThanOrEqual(AT_MOST);
  });

  test('submit, approve, activate, comment', async () => {
    const { exception_id: id } = await recordIn(api, 'Under-Review');
    const url = `/v1/exceptions/${id}`;
    expect(await post(`${url}/approve`, 'approver', { reason: REASON })).toBeLessThanOrEqual(
      AT_MOST,
    );
    await approveAll(api, id, 'second-approver');
    expect(await post(`${url}/activate`, 'requestor', {})).toBeLessThanOrEqual(AT_MOST);
    expect(await post(`${url}/comments`, 'requestor', { body: 'x' })).toBeLessThanOrEqual(AT_MOST);
    const { exception_id: other } = await draft(api);
    const submit = await post(`/v1/exceptions/${other}/submit`, 'requestor', {});
    expect(submit).toBeLessThanOrEqual(AT_MOST);
  });

  test('submit of what has a place in a chain', async () => {
    // Another service each time: what covers the same would have to be a renewal.
    const { exception_id: id } = await draft(api, {
      services: [`webhook ${Object.keys(headers)}`],
    });
    const trips = await post(`/v1/exceptions/${id}/submit`, 'requestor', {});
    expect(trips).toBeLessThanOrEqual(AT_MOST);
    const { exception_id: other } = await draft(api);
    expect(await post(`/v1/exceptions/${other}/submit`, 'requestor', {})).toBe(trips);
  });

  test('a repeated answer', async () => {
    const { exception_id: id } = await draft(api);
    await command(api, id, 'submit');
    const repeated = () => post('/v1/exceptions', 'requestor', COMPLETE);
    await repeated();
    expect(await repeated()).toBeLessThanOrEqual(AT_MOST);
  });
});

test('reading a record or a page takes at most two', async () => {
  const { exception_id: id } = await draft(api);
  const get = (url: string) => tripsOf(() => api.send('GET', url, { as: 'requestor' }));
  expect(await get(`/v1/exceptions/${id}`)).toBeLessThanOrEqual(2);
  // The page is cut at the domain's time, which comes first.
  expect(await get('/v1/exceptions?status=Draft&q=oauth')).toBeLessThanOrEqual(3);
});
