import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi, type TestAnswer, type TestRequest } from '../support/test-api.ts';

const api = await createTestApi({
  config: {
    limits: { requests: 8, failures: 4, signIns: 5 },
    trustedProxies: ['10.0.0.0/8', 'fd00::/8'],
  },
});
afterAll(() => api.close());

let now = Date.now();
beforeEach(() => {
  // The limits go by this clock; each test has a minute of its own.
  now += 120_000;
  vi.useFakeTimers({ toFake: ['Date'], now });
});
afterEach(() => {
  vi.useRealTimers();
});

const read = (request: TestRequest) => api.send('GET', '/v1/exceptions?limit=1', request);
const wrong = (index = 0) => `lapse_${api.tenantId}_${String(index).padStart(43, 'A')}`;

async function statuses(times: number, ask: (index: number) => Promise<TestAnswer>) {
  const found: number[] = [];
  for (let index = 0; index < times; index += 1) found.push((await ask(index)).status);
  return found;
}

function expectTooMany(answer: TestAnswer): void {
  expectProblem(answer, 429, 'too-many-requests');
  const after = Number(answer.headers['retry-after']);
  expect(after).toBeGreaterThan(0);
  expect(after).toBeLessThanOrEqual(60);
  expect(answer.headers['ratelimit-remaining']).toBe('0');
  expect(answer.headers['ratelimit-limit']).toMatch(/^\d+$/);
  expect(answer.headers['ratelimit-reset']).toBe(String(after));
  expect(answer.body.detail).toContain(`one would pass in ${after} s`);
}

describe('failed sign-ins', () => {
  test('slow down the address that they come from, and no other', async () => {
    const from = '192.0.2.1';
    const tried = await statuses(6, (index) => read({ token: wrong(index), from }));
    expect(tried).toEqual([401, 401, 401, 401, 429, 429]);
    expectTooMany(await read({ token: wrong(9), from }));
    expect((await read({ token: wrong(), from: '192.0.2.2' })).status).toBe(401);
    // Whoever guesses right now does not learn it.
    expectTooMany(await read({ as: 'auditor', from }));
    vi.setSystemTime(now + 61_000);
    expect((await read({ as: 'auditor', from })).status).toBe(200);
  });

  test('do not lock out what was good before', async () => {
    const from = '192.0.2.3';
    expect((await read({ as: 'requestor', from })).status).toBe(200);
    await statuses(5, (index) => read({ token: wrong(index), from }));
    expectTooMany(await read({ token: wrong(7), from }));
    expect((await read({ as: 'requestor', from })).status).toBe(200);
  });

  test('of platform tokens and cookies count as well, and no credential does not', async () => {
    const from = '192.0.2.4';
    expect(await statuses(6, () => read({ from }))).toEqual(Array(6).fill(401));
    expect(await statuses(2, () => read({ token: 'a.b.c', from }))).toEqual([401, 401]);
    const headers = { cookie: 'lapse=nothing' };
    expect(await statuses(3, () => read({ headers, from }))).toEqual([401, 401, 429]);
  });

  test('are counted by the first 64 bits of an IPv6 address', async () => {
    const of = (host: string) => read({ token: wrong(), from: `2001:db8:0:1::${host}` });
    expect(await statuses(5, (index) => of(String(index + 1)))).toEqual([401, 401, 401, 401, 429]);
    expect((await read({ token: wrong(), from: '2001:db8:0:2::1' })).status).toBe(401);
  });

  test('are counted by what a trusted proxy says, and by nobody else’s word', async () => {
    const said = (from: string, forwarded: string) =>
      read({ token: wrong(), from, headers: { 'x-forwarded-for': forwarded } });
    const strangers = await statuses(5, (index) => said('192.0.2.5', `198.51.100.${index}`));
    expect(strangers).toEqual([401, 401, 401, 401, 429]);
    const proxied = await statuses(5, (index) => said('10.1.2.3', `198.51.100.${index}`));
    expect(proxied).toEqual([401, 401, 401, 401, 401]);
    // What a client puts before its own address is not believed.
    const lying = await statuses(5, (index) => said('10.1.2.3', `10.9.9.${index}, 203.0.113.1`));
    expect(lying).toEqual([401, 401, 401, 401, 429]);
  });
});

test('requests are counted by principal, wherever they come from', async () => {
  const ask = (index: number) => read({ as: 'approver', from: `192.0.2.${100 + index}` });
  expect(await statuses(9, ask)).toEqual([...Array(8).fill(200), 429]);
  expectTooMany(await ask(9));
  expect((await read({ as: 'ciso', from: '192.0.2.100' })).status).toBe(200);
  const other = await api.addTenant();
  expect((await read({ token: other.tokens.approver })).status).toBe(200);
});

test('what comes too often changes nothing', async () => {
  const make = () => api.send('POST', '/v1/exceptions', { as: 'dpo', body: { title: 'T' } });
  await statuses(8, make);
  const count = async () =>
    (await api.admin.query('SELECT count(*) FROM lapse.events')).rows[0].count;
  const before = await count();
  expectTooMany(await make());
  expect(await count()).toBe(before);
});

test('the pages of sign-in are limited by address', async () => {
  const visit = (url: string, from = '192.0.2.6') => api.send('GET', url, { from });
  const urls = [
    '/sign-in',
    `/sign-in/with/${api.tenantId}/none`,
    '/sign-in/callback?code=x',
    '/sign-in/link/x',
    '/sign-in',
  ];
  for (const url of urls) expect((await visit(url)).status).not.toBe(429);
  for (const url of urls) expectTooMany(await visit(url));
  const link = { from: '192.0.2.6', headers: { 'sec-fetch-site': 'same-origin' } };
  expectTooMany(await api.send('POST', '/sign-in/link/x', link));
  expect((await visit('/sign-in', '192.0.2.7')).status).toBe(200);
});

test.each(['/healthz', '/readyz', '/metrics'])(
  '%s answers however often it is asked',
  async (url) => {
    const from = '192.0.2.8';
    await statuses(5, (index) => read({ token: wrong(index), from }));
    const asked = await statuses(12, () => api.send('GET', url, { from }));
    expect(asked).not.toContain(429);
  },
);
