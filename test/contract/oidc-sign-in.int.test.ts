import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MINUTE } from '../../src/domain/schedule/instant.ts';
import { startHostileProvider } from '../support/hostile-provider.ts';
import {
  CLIENT,
  startProvider,
  type TestProvider,
  visitProvider,
} from '../support/oidc-provider.ts';
import { createTestApi, type TestAnswer } from '../support/test-api.ts';

let real = Date.now();
const api = await createTestApi({ realNow: () => real });
const LAPSE = 'http://localhost:7400';
let provider: TestProvider;

beforeAll(async () => {
  provider = await startProvider(LAPSE, {
    ada: {
      name: 'Ada L.',
      email: 'ada@example.com',
      email_verified: true,
      groups: ['security', 'x'],
    },
    ben: { name: 'Ben', email: 'ben@example.com', email_verified: true, groups: ['engineers'] },
    eve: { name: 'Eve', email: 'eve@example.com', email_verified: true, groups: [] },
    mallory: {
      name: 'Ada L.',
      email: 'ada@example.com',
      email_verified: false,
      groups: ['engineers'],
    },
    carol: {
      name: 'Carol',
      email: 'carol@elsewhere.com',
      email_verified: true,
      groups: ['engineers'],
    },
  });
  api.listInside(provider.issuer);
  await put({});
});
afterAll(async () => {
  await provider.close();
  await api.close();
});

const put = (settings: Record<string, unknown>, name = 'work') =>
  api.send('PUT', `/v1/providers/${name}`, {
    as: 'administrator',
    body: {
      label: 'Work',
      issuer: provider.issuer,
      ...CLIENT,
      roles: { security: ['security', 'requestor'], engineers: ['requestor'] },
      clearances: { security: 'confidential' },
      email_domains: ['Example.com'],
      ...settings,
    },
  });

const begin = (query = '', name = 'work') =>
  api.send('GET', `/sign-in/with/${api.tenantId}/${name}${query}`);

/** The cookies that an answer sets, as a browser sends them back. */
function cookiesOf({ headers }: TestAnswer): Record<string, string> {
  const set = [headers['set-cookie'] ?? []].flat() as string[];
  return Object.fromEntries(
    set.map((cookie) => (cookie.split(';')[0] ?? '').split('=') as [string, string]),
  );
}

const comeBack = (url: URL, attempt: string | undefined) =>
  api.send('GET', `${url.pathname}${url.search}`, {
    headers: { cookie: `lapse-attempt=${attempt}` },
  });

async function signIn(login: string, query = ''): Promise<TestAnswer> {
  const start = await begin(query);
  expect(start.status, start.text).toBe(303);
  const back = await visitProvider(String(start.headers.location), login);
  return comeBack(back, cookiesOf(start)['lapse-attempt']);
}

const me = async (answer: TestAnswer) =>
  (await api.send('GET', '/v1/me', { headers: { cookie: `lapse=${cookiesOf(answer).lapse}` } }))
    .body;

describe('through a provider', () => {
  test('somebody new gets the roles and the clearance of their groups', async () => {
    const answer = await signIn('ada', '?to=/v1/me');
    expect(answer, answer.text).toMatchObject({ status: 303, headers: { location: '/v1/me' } });
    expect(await me(answer)).toMatchObject({
      name: 'Ada L.',
      email: 'ada@example.com',
      roles: ['requestor', 'security'],
      signed_in: { method: 'oidc', issuer: provider.issuer, subject: 'ada' },
    });
    const { items } = (await api.send('GET', '/v1/people', { as: 'auditor' })).body;
    expect(items[0]).toMatchObject({
      name: 'Ada L.',
      clearance: 'confidential',
      source: 'sign-in',
    });
  });

  test('the same person comes back as the same, with what their groups are by then', async () => {
    const before = await me(await signIn('ben'));
    provider.accounts.ben = { ...provider.accounts.ben, name: 'Benjamin', groups: ['security'] };
    const after = await me(await signIn('ben'));
    expect(after).toMatchObject({
      id: before.id,
      name: 'Benjamin',
      roles: ['requestor', 'security'],
    });
  });

  test('somebody whose groups give no role is refused, and the ledger has it', async () => {
    const answer = await signIn('eve');
    expect(answer.status).toBe(401);
    expect(cookiesOf(answer).lapse).toBeUndefined();
    expect(answer.text).toContain('gives you a role');
    const { rows } = await api.admin.query(
      `SELECT convert_from(payload::bytea, 'UTF8')::json->'data'->>'subject' AS subject
       FROM lapse.event_payloads WHERE stream_type = 'provider' ORDER BY version DESC LIMIT 1`,
    );
    expect(rows).toEqual([{ subject: 'eve' }]);
  });

  test('who has left is refused', async () => {
    provider.accounts.dan = { name: 'Dan', groups: ['engineers'] };
    const { id } = await me(await signIn('dan'));
    const body = { reason: 'left the company' };
    await api.send('POST', `/v1/people/${id}/deactivate`, { as: 'administrator', body });
    const answer = await signIn('dan');
    expect(answer.status).toBe(401);
    expect(answer.text).toContain('may not sign in any more');
  });

  test('an address links to a person only where it is verified, and the provider speaks for it', async () => {
    const body = { name: 'Ada', email: 'ada@example.com' };
    const known = await me(await signIn('ada'));
    const claiming = await me(await signIn('mallory'));
    expect(claiming.id).not.toBe(known.id);
    expect(claiming.email).toBeNull();
    const carol = { ...body, name: 'Carol', email: 'carol@elsewhere.com' };
    const added = await api.send('POST', '/v1/people', { as: 'administrator', body: carol });
    expect((await me(await signIn('carol'))).id).not.toBe(added.body.person_id);
    const frank = { name: 'Frank', email: 'frank@example.com', roles: ['ciso'] };
    const before = await api.send('POST', '/v1/people', { as: 'administrator', body: frank });
    provider.accounts.frank = {
      email: 'Frank@Example.com',
      email_verified: true,
      groups: ['engineers'],
    };
    expect(await me(await signIn('frank'))).toMatchObject({
      id: before.body.person_id,
      roles: ['requestor'],
    });
  });

  test('roles are those of Lapse where the provider manages none', async () => {
    await put({ roles: {}, default_roles: ['requestor'] });
    try {
      provider.accounts.gina = { name: 'Gina', groups: ['security'] };
      const { id, roles } = await me(await signIn('gina'));
      expect(roles).toEqual(['requestor']);
      const body = { roles: ['dpo'] };
      await api.send('PATCH', `/v1/people/${id}`, { as: 'administrator', body });
      expect((await me(await signIn('gina'))).roles).toEqual(['dpo']);
    } finally {
      await put({});
    }
  });

  test('a session from before does not outlive the sign-in', async () => {
    const first = cookiesOf(await signIn('ada')).lapse;
    const start = await begin();
    const back = await visitProvider(String(start.headers.location), 'ada');
    const cookie = `lapse-attempt=${cookiesOf(start)['lapse-attempt']}; lapse=${first}`;
    const second = await api.send('GET', `${back.pathname}${back.search}`, { headers: { cookie } });
    expect(cookiesOf(second).lapse).not.toBe(first);
    const headers = { cookie: `lapse=${first}` };
    expect((await api.send('GET', '/v1/me', { headers })).status).toBe(401);
  });

  test.each([
    ['//evil.example', '/'],
    ['https://evil.example/', '/'],
    ['/\\evil.example', '/'],
    ['/%2f%2fevil.example', '/%2f%2fevil.example'],
    ['javascript:alert(1)', '/'],
    ['/..//evil.example', '/'],
    ['/exceptions/EXC_1?tab=history', '/exceptions/EXC_1?tab=history'],
  ])('goes on to %s as %s', async (to, location) => {
    const answer = await signIn('ada', `?to=${encodeURIComponent(to)}`);
    expect(answer.headers.location).toBe(location);
  });

  test('another site signs nobody in: its link leads to the page that asks', async () => {
    const url = `/sign-in/with/${api.tenantId}/work?to=/v1/me`;
    const ask = (site: string) => api.send('GET', url, { headers: { 'sec-fetch-site': site } });
    const led = await ask('cross-site');
    const page = `/sign-in?tenant=${api.tenantId}&to=%2Fv1%2Fme`;
    expect(led).toMatchObject({ status: 303, headers: { location: page } });
    expect(led.headers['set-cookie']).toBeUndefined();
    expect((await api.send('GET', page)).text).toContain(
      `href="${url.replace('/v1/me', '%2Fv1%2Fme')}"`,
    );
    for (const site of ['same-origin', 'none'])
      expect(String((await ask(site)).headers.location)).toContain(provider.issuer);
  });

  test('signing out leads to the provider, to sign out there too', async () => {
    const session = cookiesOf(await signIn('ada')).lapse;
    const headers = { cookie: `lapse=${session}`, origin: LAPSE };
    const answer = await api.send('POST', '/sign-out', { headers });
    const url = new URL(String(answer.headers.refresh).replace('0; url=', ''));
    expect(url.origin).toBe(provider.issuer);
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe(`${LAPSE}/sign-in`);
    expect((await fetch(url)).status).toBe(200);
  });
});

describe('is refused, and nobody is signed in', () => {
  const refused = (answer: TestAnswer, status = 401) => {
    expect(answer.status, answer.text).toBe(status);
    expect(cookiesOf(answer).lapse).toBeUndefined();
  };

  test('an answer with another state, a code that was used, or none', async () => {
    const start = await begin();
    const attempt = cookiesOf(start)['lapse-attempt'];
    const back = await visitProvider(String(start.headers.location), 'ada');
    const other = new URL(back);
    other.searchParams.set('state', 'x');
    refused(await comeBack(other, attempt));
    const forged = new URL(back);
    forged.searchParams.set('code', 'x');
    refused(await comeBack(forged, attempt));
    const elsewhere = new URL(back);
    elsewhere.searchParams.set('iss', 'https://evil.example');
    refused(await comeBack(elsewhere, attempt));
    const again = await comeBack(back, attempt);
    expect(again.status).toBe(303);
    refused(await comeBack(back, attempt));
    refused(await comeBack(new URL(`${LAPSE}/sign-in/callback`), attempt));
    refused(await comeBack(new URL(`${LAPSE}/sign-in/callback?error=access_denied`), attempt));
  });

  test('an answer in another browser, with an altered cookie, or too late', async () => {
    const start = await begin();
    const attempt = cookiesOf(start)['lapse-attempt'] ?? '';
    const back = await visitProvider(String(start.headers.location), 'ada');
    refused(await comeBack(back, ''));
    refused(await comeBack(back, `${attempt.slice(0, -2)}AA`));
    refused(await comeBack(back, cookiesOf(await begin())['lapse-attempt']));
    real += 10 * MINUTE + 1;
    refused(await comeBack(back, attempt));
  });

  test('a provider that the tenant does not have, or has no longer', async () => {
    refused(await begin('', 'unknown'), 404);
    refused(await api.send('GET', '/sign-in/with/x/work'), 404);
    const other = await api.addTenant();
    refused(await api.send('GET', `/sign-in/with/${other.tenantId}/work`), 404);
    await put({}, 'old');
    await api.send('DELETE', '/v1/providers/old', { as: 'administrator' });
    refused(await begin('', 'old'), 404);
  });

  test('a provider inside that the operator has not listed: it is not even asked', async () => {
    const inside = await startHostileProvider(CLIENT.client_id);
    const asked: string[] = [];
    inside.hostility = { answer: (path) => asked.push(path) === 0 };
    await put({ issuer: inside.issuer }, 'inside');
    const answer = await begin('', 'inside');
    expect(answer.status).toBe(503);
    expect(answer.text).toContain('tell your administrator');
    expect(answer.text).not.toContain('127.0.0.1');
    expect(asked).toEqual([]);
    api.listInside(inside.issuer);
    expect((await begin('', 'inside')).status).toBe(303);
    expect(asked).not.toEqual([]);
    await inside.close();
  });

  test('a client secret that is wrong', async () => {
    await put({ client_secret: 'wrong' }, 'wrong');
    const start = await begin('', 'wrong');
    const back = await visitProvider(String(start.headers.location), 'ada');
    refused(await comeBack(back, cookiesOf(start)['lapse-attempt']));
  });
});

test('client secrets are shown nowhere', async () => {
  const list = await api.send('GET', '/v1/providers', { as: 'administrator' });
  expect(list.text).not.toContain(CLIENT.client_secret);
  const { rows } = await api.admin.query(
    `SELECT 1 FROM lapse.event_payloads WHERE payload LIKE '%' || $1 || '%'`,
    [CLIENT.client_secret],
  );
  expect(rows).toEqual([]);
});
