import { afterAll, describe, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/schedule/instant.ts';
import { makeSignInLink } from '../../src/features/identity/sign-in-link.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi } from '../support/test-api.ts';

let real = Date.now();
const api = await createTestApi({ realNow: () => real });
afterAll(() => api.close());

const ORIGIN = 'http://localhost:7400';
/** What a browser sends with a form of the site's own page. */
const SAME_SITE = { origin: ORIGIN, 'sec-fetch-site': 'same-origin' };
const FORM = { ...SAME_SITE, 'content-type': 'application/x-www-form-urlencoded' };

const link = (email?: string) =>
  api.register.db.inSystem((tx) => makeSignInLink(tx, api.tenantId, { email, now: real }));

/** Signs an administrator in; answers the cookie as a browser sends it back. */
async function signIn(email?: string): Promise<string> {
  const answer = await api.send('POST', await link(email), { headers: FORM, raw: '' });
  expect(answer.status, answer.text).toBe(303);
  return String(answer.headers['set-cookie']).split(';')[0] ?? '';
}

const get = (url: string, cookie: string) => api.send('GET', url, { headers: { cookie } });

describe('a one-time link', () => {
  test('signs in once, with a cookie that scripts and other sites cannot use', async () => {
    const url = await link();
    const page = await api.send('GET', url);
    expect(page.status).toBe(200);
    const answer = await api.send('POST', url, { headers: SAME_SITE });
    expect(answer).toMatchObject({ status: 303, headers: { location: '/' } });
    const set = String(answer.headers['set-cookie']);
    expect(set).toMatch(/^lapse=[0-9A-Z]{26}_[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    const cookie = set.split(';')[0] ?? '';
    expect((await get('/v1/me', cookie)).body).toMatchObject({
      name: 'Administrator',
      roles: ['administrator'],
      signed_in: { method: 'link' },
    });
    const again = await api.send('POST', url, { headers: SAME_SITE });
    expect(again.status).toBe(401);
    expect(again.headers['set-cookie']).toBeUndefined();
    expect(again.text).toContain('lapse token sign-in-link');
  });

  test('is refused after fifteen minutes, when it is forged, and from another site', async () => {
    const late = await link();
    real += 15 * MINUTE;
    expect((await api.send('POST', late, { headers: SAME_SITE })).status).toBe(401);
    const url = await link();
    for (const forged of [`${url}x`, url.slice(0, -1), '/sign-in/link/x', `${url.slice(0, -3)}___`])
      expect((await api.send('POST', forged, { headers: SAME_SITE })).status).toBe(401);
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await api.send('POST', url, { headers })).status).toBe(403);
    expect((await api.send('POST', url, { headers: SAME_SITE })).status).toBe(303);
  });

  test('ends the session that the browser had before', async () => {
    const before = await signIn('before@example.com');
    const headers = { ...SAME_SITE, cookie: before };
    expect((await api.send('POST', await link(), { headers })).status).toBe(303);
    expectProblem(await get('/v1/me', before), 401, 'unauthenticated');
  });

  test('of two that spend it at once, one signs in', async () => {
    const url = await link();
    const both = await Promise.all([1, 2].map(() => api.send('POST', url, { headers: SAME_SITE })));
    expect(both.map(({ status }) => status).sort()).toEqual([303, 401]);
  });
});

describe('a session', () => {
  test('opens what its roles may, and nothing else', async () => {
    const cookie = await signIn();
    expect((await get('/v1/people', cookie)).status).toBe(200);
    const headers = { cookie, ...SAME_SITE };
    const body = { reason: 'as an administrator' };
    const approve = await api.send('POST', '/v1/exceptions/EXC_1/approve', { headers, body });
    expectProblem(approve, 403, 'not-permitted');
  });

  test.each([
    ['no origin at all', {}],
    ['another origin', { origin: 'https://evil.example' }],
    ['another port', { origin: 'http://localhost:7401', 'sec-fetch-site': 'same-site' }],
    [
      'the right origin with a browser that says otherwise',
      { origin: ORIGIN, 'sec-fetch-site': 'cross-site' },
    ],
    ['an opaque origin', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
  ])('changes nothing with %s', async (_, headers) => {
    const cookie = await signIn();
    const body = { name: 'By another site' };
    const answer = await api.send('POST', '/v1/people', { headers: { cookie, ...headers }, body });
    expectProblem(answer, 403, 'not-permitted');
    const people = (await get('/v1/people', cookie)).body.items;
    expect(people.map(({ name }: { name: string }) => name)).not.toContain(body.name);
  });

  test('changes what its own site asks for', async () => {
    const headers = { cookie: await signIn(), ...SAME_SITE };
    const answer = await api.send('POST', '/v1/people', { headers, body: { name: 'By a form' } });
    expect(answer.status).toBe(201);
  });

  test('ends an hour after it was last used', async () => {
    const cookie = await signIn();
    for (let hour = 0; hour < 3; hour += 1) {
      real += 59 * MINUTE;
      expect((await get('/v1/me', cookie)).status).toBe(200);
    }
    real += HOUR + MINUTE;
    expectProblem(await get('/v1/me', cookie), 401, 'unauthenticated');
  });

  test('ends after twelve hours, however much it is used', async () => {
    const cookie = await signIn();
    for (let used = 0; used < 23; used += 1) {
      real += 30 * MINUTE;
      expect((await get('/v1/me', cookie)).status, `after ${used}`).toBe(200);
    }
    real += 30 * MINUTE;
    expectProblem(await get('/v1/me', cookie), 401, 'unauthenticated');
  });

  test('ends at once when it is signed out, also for who has stolen it', async () => {
    const cookie = await signIn();
    const out = await api.send('POST', '/sign-out', { headers: { cookie, ...SAME_SITE } });
    expect(out).toMatchObject({ status: 303, headers: { location: '/sign-in' } });
    expect(String(out.headers['set-cookie'])).toMatch(
      /^lapse=; Max-Age=0; Path=\/; Expires=Thu, 01 Jan 1970/,
    );
    expectProblem(await get('/v1/me', cookie), 401, 'unauthenticated');
    expect((await get('/', cookie)).headers.location).toBe('/sign-in');
  });

  test('is listed, and ended from another one', async () => {
    const [one, two] = [await signIn('two@example.com'), await signIn('two@example.com')];
    const { items } = (await get('/v1/sessions', one)).body;
    expect(items).toHaveLength(2);
    const other = items.find(({ current }: { current: boolean }) => !current);
    const headers = { cookie: one, ...SAME_SITE };
    const ended = await api.send('DELETE', `/v1/sessions/${other.session_id}`, { headers });
    expect(ended.status).toBe(204);
    expectProblem(await get('/v1/me', two), 401, 'unauthenticated');
    expect((await get('/v1/me', one)).status).toBe(200);
  });

  test.each([
    ['nothing', 'lapse='],
    ['no tenant', 'lapse=x'],
    ['another secret', `lapse=${api.tenantId}_${'A'.repeat(43)}`],
    ['another name', `session=${api.tenantId}_${'A'.repeat(43)}`],
  ])('is not opened by a cookie of %s', async (_, cookie) => {
    expectProblem(await get('/v1/me', cookie), 401, 'unauthenticated');
  });

  test("is not somebody else's to end, unless they administer", async () => {
    const cookie = await signIn('third@example.com');
    const { items } = (await get('/v1/sessions', cookie)).body;
    const url = `/v1/sessions/${items[0].session_id}`;
    expect((await api.send('DELETE', url, { as: 'requestor' })).status).toBe(204);
    expect((await get('/v1/me', cookie)).status).toBe(200);
    const seen = await api.send('GET', `/v1/sessions?person=${items[0].person_id}`, {
      as: 'auditor',
    });
    expect(seen.body.items).toEqual([]);
    expect((await api.send('DELETE', url, { as: 'administrator' })).status).toBe(204);
    expect((await get('/v1/me', cookie)).status).toBe(401);
  });

  test('of one tenant is none in another', async () => {
    const other = await api.addTenant();
    const cookie = (await signIn()).replace(api.tenantId, other.tenantId);
    expectProblem(await get('/v1/me', cookie), 401, 'unauthenticated');
  });

  test('is in the ledger: when it began, and that it was ended', async () => {
    const cookie = await signIn('seen@example.com');
    const { id } = (await get('/v1/me', cookie)).body;
    await api.send('POST', '/sign-out', { headers: { cookie, ...SAME_SITE } });
    const { rows } = await api.admin.query<{ type: string }>(
      `SELECT convert_from(envelope, 'UTF8')::json->>'type' AS type FROM lapse.events
       WHERE stream_id = $1 ORDER BY version`,
      [id],
    );
    expect(rows.map(({ type }) => type)).toEqual([
      'PersonAdded',
      'SignInLinkMade',
      'SignedIn',
      'SessionEnded',
    ]);
  });
});

test('the pages run no script, and let nobody frame or cache them', async () => {
  const cookie = await signIn('<script>alert(1)</script>@example.com');
  for (const page of [await api.send('GET', '/sign-in'), await get('/', cookie)]) {
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toMatch(
      /^default-src 'none';style-src 'sha256-/,
    );
    expect(page.headers['cache-control']).toBe('no-store');
    expect(page.text).not.toContain('<script');
  }
});
