import { pino } from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import { createWorkerApp } from '../../src/main/http-app.ts';
import { start } from '../../src/main/serve.ts';
import { readConfig } from '../../src/platform/config/config.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createTestApi } from '../support/test-api.ts';

let draining = false;
let real = Date.now();
const api = await createTestApi({
  testClock: false,
  isDraining: () => draining,
  realNow: () => real,
});
afterAll(() => api.close());

const ready = () => api.send('GET', '/readyz');
const beat = () => {
  real += 10_000;
  return api.lapse.loop.settle();
};

describe('health', () => {
  test('/healthz says that the process answers, whatever else is wrong', async () => {
    draining = true;
    expect(await api.send('GET', '/healthz')).toMatchObject({
      status: 200,
      body: { status: 'ok' },
    });
    draining = false;
  });

  test('/readyz waits for a worker, and no longer believes one that was seen long ago', async () => {
    const waiting = await ready();
    expect(waiting.status).toBe(503);
    expect(waiting.body.checks).toEqual({ database: true, schema: true, worker: false });
    await beat();
    expect(await ready()).toMatchObject({ status: 200, body: { status: 'ready' } });
    await api.admin.query(
      "UPDATE lapse.worker_heartbeats SET seen_at = seen_at - interval '31 seconds'",
    );
    expect((await ready()).body.checks).toEqual({ database: true, schema: true, worker: false });
    await beat();
    expect((await ready()).status).toBe(200);
  });

  test('/readyz turns callers away while the server drains', async () => {
    await beat();
    draining = true;
    const answer = await ready();
    draining = false;
    expect(answer).toMatchObject({ status: 503, body: { status: 'not ready', draining: true } });
  });

  test('/readyz asks for the schema of this release', async () => {
    await beat();
    await api.admin.query("UPDATE lapse.schema_migrations SET name = 'x' || name");
    const answer = await ready();
    await api.admin.query('UPDATE lapse.schema_migrations SET name = substr(name, 2)');
    expect(answer.status).toBe(503);
    expect(answer.body.checks).toMatchObject({ database: true, schema: false });
  });

  test('/readyz says that the database is gone, and not how it is called', async () => {
    await api.admin.query('REVOKE SELECT ON lapse.worker_heartbeats FROM lapse_app');
    const answer = await ready();
    await api.admin.query('GRANT SELECT ON lapse.worker_heartbeats TO lapse_app');
    expect(answer.status).toBe(503);
    expect(answer.body.checks).toEqual({ database: false, schema: false, worker: false });
    expect(answer.text).not.toMatch(/lapse_|permission/);
  });

  test('whoever asks at the same time shares one look at the database', async () => {
    await beat();
    const before = api.register.db.roundTrips;
    const answers = await Promise.all(Array.from({ length: 30 }, ready));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(api.register.db.roundTrips - before).toBeLessThanOrEqual(6);
  });
});

test('a worker alone answers for its health, and nothing of the register', async () => {
  const worker = await createWorkerApp(api.lapse, {
    log: pino({ level: 'silent' }),
    version: '',
    schemaVersion: '',
    testClock: false,
    isDraining: () => false,
  });
  const statusOf = async (url: string) => (await worker.inject({ url })).statusCode;
  expect(await Promise.all(['/healthz', '/metrics'].map(statusOf))).toEqual([200, 200]);
  expect(await Promise.all(['/v1/exceptions', '/openapi.json'].map(statusOf))).toEqual([404, 404]);
  await worker.close();
});

describe('the test clock', () => {
  test('is not there without its flag, for whatever role', async () => {
    for (const as of ['administrator', 'requestor'] as const) {
      const body = { now: '2026-05-01T00:00:00Z' };
      expectProblem(await api.send('PUT', '/v1/test/clock', { as, body }), 404, 'not-found');
      expectProblem(await api.send('POST', '/v1/test/settle', { as }), 404, 'not-found');
    }
  });

  test.each(['0.0.0.0', '::', '192.0.2.1', 'example.com'])('is refused on %s', async (host) => {
    const env = { LAPSE_HOST: host, LAPSE_DATA: 'data' };
    const { config, secrets } = await readConfig(env, temporaryFolder());
    const options = { config, secrets, testClock: true, api: true, worker: true };
    await expect(start({ ...options, progress: () => {} })).rejects.toThrow('loopback alone');
  });
});

describe('headers', () => {
  test.each(['abc', 'A-1_b', 'x'.repeat(64)])('the request id %s comes back', async (id) => {
    const headers = { 'x-request-id': id };
    const answer = await api.send('GET', '/v1/nothing', { headers });
    expect(answer.headers['x-request-id']).toBe(id);
    expect(answer.body.request_id).toBe(id);
  });

  test.each(['', 'a b', 'x'.repeat(65), 'a"b', '<script>', 'ä', '{"a":1}', '../x'])(
    'the request id %j is replaced',
    async (id) => {
      const answer = await api.send('GET', '/healthz', { headers: { 'x-request-id': id } });
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  test.each([
    ['GET', '/healthz', 200],
    ['GET', '/v1/exceptions', 200],
    ['POST', '/v1/exceptions', 422],
    ['GET', '/v1/nothing', 404],
    ['DELETE', '/v1/exceptions', 405],
    ['GET', '/openapi.json', 200],
  ])(
    '%s %s: a browser runs, frames, sniffs and keeps nothing of it',
    async (method, url, status) => {
      const answer = await api.send(method, url, { as: 'requestor' });
      expect(answer.status).toBe(status);
      expect(answer.headers).toMatchObject({
        'content-security-policy': "default-src 'none';frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      });
      expect(answer.headers).not.toHaveProperty('x-powered-by');
      expect(answer.headers).not.toHaveProperty('server');
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    },
  );
});
