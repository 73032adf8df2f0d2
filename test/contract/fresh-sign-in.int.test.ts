import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MINUTE } from '../../src/domain/schedule/instant.ts';
import { makeSignInLink } from '../../src/features/identity/sign-in-link.ts';
import {
  type HostileProvider,
  signed as signedToken,
  startHostileProvider,
} from '../support/hostile-provider.ts';
import {
  CLIENT,
  startProvider,
  type TestProvider,
  visitProvider,
} from '../support/oidc-provider.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi, type TestAnswer, type TestRoute } from '../support/test-api.ts';

let real = Date.now();
const api = await createTestApi({ realNow: () => real });
const LAPSE = 'http://localhost:7400';
const SAME_SITE = { origin: LAPSE, 'sec-fetch-site': 'same-origin' };
let provider: TestProvider;
let hostile: HostileProvider;

beforeAll(async () => {
  provider = await startProvider(LAPSE, {
    ada: { name: 'Ada', groups: ['admins'] },
    ben: { name: 'Ben', groups: ['admins'] },
  });
  hostile = await startHostileProvider(CLIENT.client_id);
  for (const [name, issuer] of [
    ['work', provider.issuer],
    ['hostile', hostile.issuer],
  ] as const) {
    api.listInside(issuer);
    const body = {
      ...{ label: name, issuer, ...CLIENT },
      roles: { admins: ['administrator'] },
      default_roles: name === 'hostile' ? ['administrator'] : [],
    };
    const answer = await api.send('PUT', `/v1/providers/${name}`, { as: 'administrator', body });
    expect(answer.status, answer.text).toBeLessThan(300);
  }
});
beforeEach(() => {
  hostile.hostility = {};
});
afterAll(async () => {
  await provider.close();
  await hostile.close();
  await api.close();
});

function cookieOf({ headers }: TestAnswer, name: string): string {
  const set = [headers['set-cookie'] ?? []].flat() as string[];
  const found = set.find((one) => one.startsWith(`${name}=`) && !one.startsWith(`${name}=;`));
  return found?.split(';')[0] ?? '';
}

/** By a one-time link, as an administrator. */
async function byLink(): Promise<string> {
  const link = await api.register.db.inSystem((tx) =>
    makeSignInLink(tx, api.tenantId, { email: 'link@lapse.test', now: real }),
  );
  return cookieOf(await api.send('POST', link, { headers: SAME_SITE }), 'lapse');
}

/** Through a provider; `cookie` is of the session that there is. */
async function through(
  name: 'work' | 'hostile',
  login: string,
  { cookie = '', query = '' } = {},
): Promise<TestAnswer> {
  const url = `/sign-in/with/${api.tenantId}/${name}${query}`;
  const start = await api.send('GET', url, { headers: { cookie } });
  expect(start.status, start.text).toBe(303);
  const where = String(start.headers.location);
  const back = name === 'work' ? await visitProvider(where, login) : hostile.backFrom(where);
  const cookies = [cookie, cookieOf(start, 'lapse-attempt')].filter(Boolean).join('; ');
  return api.send('GET', `${back.pathname}${back.search}`, { headers: { cookie: cookies } });
}

const again = (name: 'work' | 'hostile', login: string, cookie: string, to = '/passkeys') =>
  through(name, login, { cookie, query: `?again=1&to=${encodeURIComponent(to)}` });

const me = async (cookie: string) =>
  (await api.send('GET', '/v1/me', { headers: { cookie } })).body;

const addsSomebody = (cookie: string) =>
  api.send('POST', '/v1/people', { headers: { cookie, ...SAME_SITE }, body: { name: 'New' } });

/** As though everybody had signed in longer ago. */
async function later(minutes: number): Promise<void> {
  await api.admin.query(
    'UPDATE lapse.sessions SET authenticated_at = authenticated_at - make_interval(secs => $1)',
    [minutes * 60],
  );
  // What is remembered of a session is over.
  real += 1_001;
}

const rows = async () =>
  (await api.admin.query('SELECT (SELECT count(*) FROM lapse.events) AS events')).rows[0];

/** Written out by hand: what changes who may get in, or what signs. */
const GIVES_ACCESS =
  /^(POST|PATCH|PUT|DELETE) \/v1\/(tokens|people|groups|connections|providers|workloads|tenants|passkeys|policy$|me\/passkeys)/;
const GIVES_NONE = /^POST \/v1\/policy\//;

const UNKNOWN = 'EXC_01J6M9M5Y0Q2H6W2QF9Q1VABCE';
const pathOf = ({ url }: TestRoute) => url.replace(':id', UNKNOWN).replace(':name', 'work');
const changing = api.routes
  .filter(({ method, url }) => !['GET', 'HEAD'].includes(method) && url.startsWith('/v1/'))
  .filter(({ url }) => !url.startsWith('/v1/test/'))
  .map((route) => [`${route.method} ${route.url}`, route] as const);

describe('a session whose sign-in is sixteen minutes old', () => {
  let old = '';
  beforeAll(async () => {
    old = await byLink();
    await later(16);
  });

  test.each(changing)('%s', async (name, route) => {
    const takesFresh = GIVES_ACCESS.test(name) && !GIVES_NONE.test(name);
    const before = await rows();
    const headers = { cookie: old, ...SAME_SITE };
    const answer = await api.send(route.method, pathOf(route), { headers, body: {} });
    if (!takesFresh) {
      const isSession = name === 'DELETE /v1/sessions/:id';
      expect(answer.body?.code === 'sign-in-again', answer.text).toBe(isSession);
    } else if (answer.body?.code !== 'not-permitted') {
      expectProblem(answer, 401, 'sign-in-again');
      expect(await rows()).toEqual(before);
    } else {
      // An operator has no session; strikes are lifted by security alone.
      expect(['tenant:manage', 'strike:lift']).toContain(route.permission);
    }
  });

  test('is told how to go on, as RFC 9470 has it', async () => {
    const answer = await addsSomebody(old);
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer realm="lapse", error="insufficient_user_authentication", error_description="this changes who may get in, and takes a sign-in of the last 15 minutes: sign in again at /sign-in/again", max_age="900"',
    );
    expect(answer.body).toMatchObject({ max_age: 900 });
    const page = await api.send('GET', '/sign-in/again?to=/passkeys', { headers: { cookie: old } });
    expect(page.text).toContain('lapse token sign-in-link --email link@lapse.test');
  });

  test('reads, signs out, and may do it all after another link', async () => {
    expect((await api.send('GET', '/v1/people', { headers: { cookie: old } })).status).toBe(200);
    const fresh = await byLink();
    expect((await addsSomebody(fresh)).status).toBe(201);
    const { items } = (await api.send('GET', '/v1/sessions', { headers: { cookie: old } })).body;
    const own = items.find(({ current }: { current: boolean }) => current).session_id;
    const end = (id: string, cookie: string) =>
      api.send('DELETE', `/v1/sessions/${id}`, { headers: { cookie, ...SAME_SITE } });
    const other = items.find(({ current }: { current: boolean }) => !current).session_id;
    expectProblem(await end(other, old), 401, 'sign-in-again');
    expect((await end(own, old)).status).toBe(204);
  });
});

test('fifteen minutes are fresh, a millisecond more is not', async () => {
  const cookie = await byLink();
  const { fresh_until } = await me(cookie);
  const before = real;
  expect(Date.parse(fresh_until)).toBe(before + 15 * MINUTE);
  real = before + 15 * MINUTE;
  expect((await addsSomebody(cookie)).status).toBe(201);
  real += 1;
  expectProblem(await addsSomebody(cookie), 401, 'sign-in-again');
  real = Date.now();
});

test('a token has no sign-in, and may do what it is there for', async () => {
  const added = await api.send('POST', '/v1/people', { as: 'administrator', body: { name: 'T' } });
  expect(added.status).toBe(201);
  expect((await api.send('GET', '/v1/me', { as: 'administrator' })).body.fresh_until).toBeNull();
});

describe('through a provider', () => {
  test('a sign-in that the provider says no time of is good for everything else', async () => {
    const cookie = cookieOf(await through('work', 'ada'), 'lapse');
    expect(await me(cookie)).toMatchObject({ name: 'Ada', fresh_until: null });
    expectProblem(await addsSomebody(cookie), 401, 'sign-in-again');
  });

  test('whoever signs in again comes back to where they were, in a session of its own', async () => {
    const first = cookieOf(await through('work', 'ada'), 'lapse');
    const page = await api.send('GET', '/sign-in/again?to=/passkeys', {
      headers: { cookie: first },
    });
    expect(page.text).toContain(`/sign-in/with/${api.tenantId}/work?again=1&#38;to=%2Fpasskeys`);
    const answer = await again('work', 'ada', first);
    expect(answer, answer.text).toMatchObject({ status: 303, headers: { location: '/passkeys' } });
    const second = cookieOf(answer, 'lapse');
    expect((await addsSomebody(second)).status).toBe(201);
    real += 1_001;
    expect((await api.send('GET', '/v1/me', { headers: { cookie: first } })).status).toBe(401);
    await later(16);
    expectProblem(await addsSomebody(second), 401, 'sign-in-again');
  });

  test.each(['https://evil.example/x', '//evil.example', '/\\evil.example', 'javascript:1'])(
    'nobody is led elsewhere: %s',
    async (to) => {
      const first = cookieOf(await through('work', 'ada'), 'lapse');
      expect((await again('work', 'ada', first, to)).headers.location).toBe('/');
    },
  );

  test('somebody else who signs in there is not let into the session, which goes on', async () => {
    const first = cookieOf(await through('work', 'ada'), 'lapse');
    const answer = await again('work', 'ben', first);
    expect(answer.status).toBe(401);
    expect(answer.text).toContain('somebody else than you are signed in as');
    expect(cookieOf(answer, 'lapse')).toBe('');
    expect(await me(first)).toMatchObject({ name: 'Ada', fresh_until: null });
  });

  test('the provider is asked to ask, and for the time', async () => {
    const first = cookieOf(await through('work', 'ada'), 'lapse');
    const url = `/sign-in/with/${api.tenantId}/work?again=1`;
    const start = await api.send('GET', url, { headers: { cookie: first } });
    const { searchParams } = new URL(String(start.headers.location));
    expect(searchParams.get('prompt')).toBe('login');
    expect(searchParams.get('max_age')).toBe('900');
  });
});

describe('a provider that does not prove it', () => {
  const now = () => Math.floor(real / 1_000);
  const saying = (auth_time: unknown) => ({
    idToken: (claims: object, one: HostileProvider) =>
      signedToken({ ...claims, ...(auth_time === undefined ? {} : { auth_time }) }, one),
  });

  test.each<[string, () => unknown]>([
    ['says nothing', () => undefined],
    ['says long ago', () => now() - 16 * 60],
    ['says a year from now', () => now() + 31_536_000],
    ['says a word', () => 'now'],
    ['says a negative time', () => -1],
  ])('and %s is refused, and the session stays as it was', async (_, time) => {
    const first = cookieOf(await through('hostile', 'sub'), 'lapse');
    hostile.hostility = saying(time());
    const answer = await again('hostile', 'sub', first);
    expect(answer.status, answer.text).toBe(401);
    expect(answer.text).toContain('does not prove that you have signed in just now');
    expect(cookieOf(answer, 'lapse')).toBe('');
    expectProblem(await addsSomebody(first), 401, 'sign-in-again');
  });

  test('and says just now is believed, as in who it is', async () => {
    const first = cookieOf(await through('hostile', 'sub'), 'lapse');
    hostile.hostility = saying(now());
    const second = cookieOf(await again('hostile', 'sub', first), 'lapse');
    expect((await addsSomebody(second)).status).toBe(201);
  });

  test('nor does a first sign-in of long ago, or of a time to come, count as fresh', async () => {
    for (const time of [now() - 16 * 60, now() + 3_600]) {
      hostile.hostility = saying(time);
      const cookie = cookieOf(await through('hostile', 'sub'), 'lapse');
      expectProblem(await addsSomebody(cookie), 401, 'sign-in-again');
    }
  });
});
