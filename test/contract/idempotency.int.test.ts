import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { changesOf } from '../support/changes.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { rowCounts } from '../support/row-counts.ts';
import { createTestApi } from '../support/test-api.ts';

const real = Date.now();
const api = await createTestApi({ realNow: () => real });
afterAll(() => api.close());
// An epoch that is refused leaves the tenant read-only.
afterEach(() => api.admin.query("UPDATE lapse.tenants SET state = 'active'"));

const CHANGES = changesOf(api, () => real);
const rows = () => rowCounts(api.admin);

// What only reads or moves a test's time changes nothing that could be changed twice. A directory
// sends no keys: its requests say what has to be, so that sent again they change nothing.
const changing = api.routes
  .filter(({ method, permission }) => !['GET', 'HEAD'].includes(method) && permission)
  .filter(
    ({ permission }) =>
      !['clock:set', 'ledger:verify', 'policy:read', 'directory:sync'].includes(`${permission}`),
  )
  // Each challenge is a new one, or it could be answered ahead.
  .filter(({ url }) => !url.endsWith('/challenge'))
  .map(({ method, url }) => `${method} ${url}`);

describe.each(changing)('%s', (route) => {
  const [method = ''] = route.split(' ');
  const prepare = CHANGES[route];

  test('sent twice under one key is done once, and answered twice alike', async () => {
    if (!prepare) throw new Error(`add ${route} to test/support/changes.ts`);
    const { url, headers, ...request } = await prepare();
    const keyed = {
      ...request,
      headers: { ...headers, 'idempotency-key': `twice ${route}`.replaceAll(' ', '-') },
    };
    const first = await api.send(method, url, keyed);
    expect(first.status, first.text).toBeLessThan(300);
    const before = await rows();
    const second = await api.send(method, url, keyed);
    expect(second.status, second.text).toBe(first.status);
    expect(second.headers.etag).toBe(first.headers.etag);
    // The secret is nowhere to be found again.
    const secrets: Record<string, object> = {
      'POST /v1/tokens': { token: null },
      'POST /v1/connections/:name/event-secret': { secret: null },
      'POST /v1/tenants': { sign_in_link: null },
    };
    const expected = secrets[route] ? { ...first.body, ...secrets[route] } : first.body;
    expect(second.body).toEqual(expected);
    expect(await rows()).toEqual(before);

    // Another body is one of other bytes: here by a blank, so that it passes every check.
    const raw = JSON.stringify(request.body ?? {}).replace('{', '{ ');
    const { body: _, ...another } = { ...keyed, raw };
    expectProblem(await api.send(method, url, another), 422, 'idempotency-mismatch');
    expect(await rows()).toEqual(before);
  });

  test('refuses a key that is none', async () => {
    if (!prepare) throw new Error(`add ${route} to test/support/changes.ts`);
    if (/^POST .v1.tasks.:id/.test(route)) return;
    const { url, headers, ...request } = await prepare();
    for (const key of ['', 'with space', 'k'.repeat(201), 'ké']) {
      const answer = await api.send(method, url, {
        ...request,
        headers: { ...headers, 'idempotency-key': key },
      });
      expectProblem(answer, 400, 'invalid-request');
    }
  });
});
