import { generateKeyPairSync, sign } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { HOUR } from '../../src/domain/schedule/instant.ts';
import { COMPLETE } from '../support/given.ts';
import {
  type HostileProvider,
  signed,
  startHostileProvider,
  unsigned,
} from '../support/hostile-provider.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi } from '../support/test-api.ts';

const real = Date.now();
const api = await createTestApi({ realNow: () => real });
const other = await api.addTenant();
const AUDIENCE = `http://localhost:7400/${api.tenantId}`;
const SHARED = 'api://AzureADTokenExchange';
let issuer: HostileProvider;
let elsewhere: HostileProvider;
let claims: JWTPayload;

const admin = { as: 'administrator' } as const;
const bind = (body: object = {}, token = api.tokens.administrator) =>
  api.send('POST', '/v1/workloads', {
    token,
    body: {
      name: 'deploy',
      issuer: issuer.issuer,
      claims: { repository: 'acme/app', ref: ['refs/heads/main', 'refs/heads/release'] },
      role: 'requestor',
      ...body,
    },
  });
const read = (token: string, headers = {}) =>
  api.send('GET', '/v1/exceptions?limit=1', { token, headers });
const jwt = (change: JWTPayload = {}) => signed({ ...claims, ...change }, issuer);

beforeAll(async () => {
  issuer = await startHostileProvider('lapse');
  elsewhere = await startHostileProvider('lapse');
  for (const one of [issuer, elsewhere]) api.listInside(one.issuer);
  expect((await bind()).status).toBe(201);
});
beforeEach(() => {
  const now = Math.floor(real / 1_000);
  claims = {
    ...{ iss: issuer.issuer, aud: AUDIENCE, sub: 'repo:acme/app:ref:refs/heads/main' },
    ...{ iat: now, nbf: now, exp: now + 300 },
    ...{ repository: 'acme/app', ref: 'refs/heads/main' },
  };
});
afterAll(async () => {
  await Promise.all([issuer.close(), elsewhere.close()]);
  await api.close();
});

describe('a workload', () => {
  test('signs in with its platform token, and stands in the ledger with issuer and subject', async () => {
    const token = await jwt();
    const made = await api.send('POST', '/v1/exceptions?submit=true', {
      token,
      body: { ...COMPLETE, data_classification: 'internal' },
    });
    expect(made.status, made.text).toBe(201);
    const id = made.body.exception_id;
    const { body } = await api.send('GET', `/v1/exceptions/${id}/history`, admin);
    expect(body.items[0].actor.id).toMatch(/^wl_[0-9A-Z]{26}$/);
    const { rows } = await api.admin.query(
      'SELECT payload FROM lapse.event_payloads WHERE stream_id = $1',
      [id],
    );
    expect(JSON.parse(rows[0].payload).actor).toEqual({
      name: 'deploy',
      role: 'requestor',
      signed_in: { method: 'workload', issuer: issuer.issuer, subject: claims.sub },
    });
    const me = await api.send('GET', '/v1/me', { token });
    expect(me.body).toMatchObject({ roles: ['requestor'], signed_in: { method: 'workload' } });
  });

  test('sends a token as often as it likes while it lives', async () => {
    const token = await jwt();
    for (let time = 0; time < 3; time += 1) expect((await read(token)).status).toBe(200);
  });

  test('may claim any of several values', async () => {
    expect((await read(await jwt({ ref: 'refs/heads/release' }))).status).toBe(200);
  });

  test.each(['ES256', 'EdDSA'] as const)('may sign with %s', async (alg) => {
    const { privateKey, publicKey } =
      alg === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('ed25519');
    const provider = await startHostileProvider('lapse');
    api.listInside(provider.issuer);
    const jwk = { ...(await exportJWK(publicKey)), kid: 'two', use: 'sig' };
    provider.hostility.answer = (path, response) => {
      if (path !== '/jwks') return false;
      response.end(JSON.stringify({ keys: [jwk] }));
      return true;
    };
    await bind({ issuer: provider.issuer });
    const token = await new SignJWT({ ...claims, iss: provider.issuer })
      .setProtectedHeader({ alg, kid: 'two' })
      .sign(privateKey);
    const answer = await read(token);
    expect(answer.status, answer.text).toBe(200);
    await provider.close();
  });

  test('may do what its scopes leave of its role', async () => {
    const made = await bind({ claims: { sub: 'reader' }, scopes: ['report:read'] });
    expect(made.body.scopes).toEqual(['report:read']);
    const token = await jwt({ sub: 'reader', repository: 'x' });
    expectProblem(await read(token), 403, 'not-permitted');
    expect((await api.send('GET', '/v1/reports/summary', { token })).status).toBe(200);
  });

  test('opens nothing once it is removed', async () => {
    const { body } = await bind({ claims: { sub: 'short-lived' } });
    const token = await jwt({ sub: 'short-lived', repository: 'x' });
    expect((await read(token)).status).toBe(200);
    const url = `/v1/workloads/${body.workload_id}`;
    expect((await api.send('DELETE', url, admin)).status).toBe(204);
    expectProblem(await read(token), 401, 'unauthenticated');
    const { items } = (await api.send('GET', '/v1/workloads', admin)).body;
    expect(items.map((one: { workload_id: string }) => one.workload_id)).not.toContain(
      body.workload_id,
    );
    expect((await api.send('DELETE', url, admin)).status).toBe(204);
  });

  test('that two bindings fit is let in by neither', async () => {
    const twice = { claims: { sub: 'twice' } };
    await bind(twice);
    await bind({ ...twice, role: 'auditor' });
    const answer = await read(await jwt({ sub: 'twice', repository: 'x' }));
    expectProblem(answer, 401, 'unauthenticated');
    expect(answer.body.detail).toContain('exclude each other');
  });
});

describe('a token is refused, and changes nothing,', () => {
  const forger = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const minute = 60;
  const now = () => Math.floor(real / 1_000);
  const withHeader = (header: object, key = issuer.key) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'one', ...header }).sign(key);
  test.each<[string, () => string | Promise<string>]>([
    ['without a signature', () => unsigned(claims)],
    [
      'without a signature, alg spelled nOnE',
      () => unsigned(claims).replace(/^[^.]+/, encoded({ alg: 'nOnE' })),
    ],
    ['with its signature cut off', async () => (await jwt()).replace(/[^.]+$/, '')],
    ['signed by another key', () => signed(claims, { key: forger.privateKey })],
    ['of an unknown key', () => withHeader({ kid: 'three' })],
    [
      'with a key of its own in the header',
      async () =>
        withHeader({ kid: undefined, jwk: await exportJWK(forger.publicKey) }, forger.privateKey),
    ],
    [
      'with an extension that must be understood',
      () => signedByHand({ alg: 'RS256', kid: 'one', crit: ['exp'], exp: 1 }),
    ],
    [
      'signed with the public key as a shared secret',
      () =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256', kid: 'one' })
          .sign(Buffer.from(issuer.publicKey.export({ type: 'spki', format: 'pem' }) as string)),
    ],
    [
      'altered after it was signed',
      async () => {
        const [head, , signature] = (await jwt()).split('.');
        return [head, encoded({ ...claims, repository: 'acme/app', sub: 'admin' }), signature].join(
          '.',
        );
      },
    ],
    ['for another audience', () => jwt({ aud: 'https://example.com' })],
    ['for another tenant', () => jwt({ aud: `http://localhost:7400/${other.tenantId}` })],
    [
      'for two tenants at once',
      () => jwt({ aud: [AUDIENCE, `http://localhost:7400/${other.tenantId}`] }),
    ],
    ['without an audience', () => jwt({ aud: undefined as unknown as string })],
    ['of another issuer, by its own key', () => jwt({ iss: elsewhere.issuer })],
    ['of another issuer, in the name of this one', () => signed(claims, elsewhere)],
    ['whose issuer is a list', () => jwt({ iss: [issuer.issuer] as unknown as string })],
    ['that is over', () => jwt({ iat: now() - 10 * minute, exp: now() - minute })],
    [
      'that is older than an hour, whatever its end',
      () => jwt({ iat: now() - 62 * minute, exp: now() + HOUR }),
    ],
    ['that has not begun', () => jwt({ nbf: now() + 5 * minute })],
    ['of the future', () => jwt({ iat: now() + 5 * minute })],
    ['without an end', () => jwt({ exp: undefined as unknown as number })],
    ['without a time of issue', () => jwt({ iat: undefined as unknown as number })],
    ['whose end is a text', () => jwt({ exp: '9999999999' as unknown as number })],
    ['without a subject', () => jwt({ sub: undefined as unknown as string })],
    ['without a claim that is asked for', () => jwt({ repository: undefined })],
    ['of another repository', () => jwt({ repository: 'acme/app2' })],
    ['of a repository in other letters', () => jwt({ repository: 'Acme/app' })],
    ['whose claim is a list', () => jwt({ repository: ['acme/app'] })],
    ['whose claim is an object', () => jwt({ repository: { 0: 'acme/app' } })],
    ['whose claim is a truth', () => jwt({ repository: true })],
    ['of a megabyte', () => jwt({ more: 'x'.repeat(1_000_000) })],
    ['that is none', () => 'not.a.token'],
    ['of empty parts', () => '..'],
    ['whose claims are a list', async () => (await jwt()).replace(/\.[^.]+\./, `.${encoded([])}.`)],
  ])('%s', async (_, make) => {
    const token = await make();
    const before = await events();
    const body = { title: 'T' };
    const answer = await api.send('POST', '/v1/exceptions', { token, body });
    expectProblem(answer, 401, 'unauthenticated');
    expect(await events()).toBe(before);
  });

  test('of a megabyte over the network', async () => {
    await api.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = api.app.server.address() as AddressInfo;
    const token = await jwt({ more: 'x'.repeat(1_000_000) });
    const headers = { authorization: `Bearer ${token}` };
    const status = await new Promise((resolve, reject) => {
      httpRequest({ port, path: '/v1/exceptions', headers }, (answer) => resolve(answer.statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(431);
  });

  test('and tells a stranger nothing of what is bound', async () => {
    const unbound = await read(await signed({ ...claims, iss: elsewhere.issuer }, elsewhere));
    const forged = await read(await signed(claims, { key: forger.privateKey }));
    expect(unbound.body.detail).toBe(forged.body.detail);
    const stranger = await read(await jwt({ sub: 'repo:evil/app', repository: 'evil/app' }));
    expect(stranger.body.detail).toContain('repo:evil/app');
    expect(stranger.body.detail).not.toMatch(/acme|deploy|main/);
  });
});

describe('an audience that names no tenant', () => {
  beforeAll(async () => {
    await bind({ audience: SHARED, claims: { sub: 'sc://acme/app/lapse' } });
  });
  const azure = () => jwt({ aud: SHARED, sub: 'sc://acme/app/lapse', repository: 'x' });

  test('takes the tenant from a header', async () => {
    expect((await read(await azure(), { 'lapse-tenant': api.tenantId })).status).toBe(200);
    expectProblem(await read(await azure()), 401, 'unauthenticated');
  });

  test.each([
    ['another tenant', () => other.tenantId],
    ['no tenant', () => "' OR true --"],
    ['a tenant that is not there', () => '01J6M9M5Y0Q2H6W2QF9Q1VABCD'],
  ])('leads nowhere in the header of %s', async (_, tenant) => {
    expectProblem(await read(await azure(), { 'lapse-tenant': tenant() }), 401, 'unauthenticated');
  });

  test('does not let the header lead an audience astray that names one', async () => {
    const headers = { 'lapse-tenant': other.tenantId };
    expectProblem(await read(await jwt(), headers), 401, 'unauthenticated');
    // A token of our own names its tenant itself.
    expect((await read(api.tokens.requestor, headers)).status).toBe(200);
  });
});

describe('a binding is refused', () => {
  test.each([
    ['with a role that approves', { role: 'approver' }, 'role'],
    ['with a role that does not exist', { role: 'root' }, 'role'],
    ['with a scope that does not exist', { scopes: ['everything'] }, 'scopes.0'],
    ['with a scope beyond its role', { scopes: ['policy:put'] }, 'scopes.0'],
    ['without claims', { claims: {} }, 'claims'],
    ['with a claim that is an object', { claims: { sub: { like: '*' } } }, 'claims.sub'],
    ['with a claim of no values', { claims: { sub: [] } }, 'claims.sub'],
    ['with an issuer in the clear', { issuer: 'http://ci.example.com' }, 'issuer'],
    ['with an issuer that is no address', { issuer: 'github' }, 'issuer'],
    [
      'that lets in whomever GitHub signs for',
      { issuer: 'https://token.actions.githubusercontent.com', claims: { ref: 'refs/heads/main' } },
      'claims',
    ],
    [
      'with an audience of another tenant',
      { audience: `http://localhost:7400/${other.tenantId}` },
      'audience',
    ],
    ['with a secret', { secret: 'x' }, 'secret'],
  ])('%s', async (_, body, path) => {
    const before = await events();
    const answer = await bind(body);
    expectProblem(answer, 422, 'invalid-record');
    expect(answer.body.errors[0].path).toBe(path);
    expect(await events()).toBe(before);
  });

  test('by a token whose scopes it would exceed', async () => {
    const few = await api.send('POST', '/v1/tokens', {
      ...admin,
      body: { name: 'few', role: 'administrator', scopes: ['workload:manage'] },
    });
    expectProblem(await bind({}, few.body.token), 403, 'not-permitted');
  });
});

test('workloads of another tenant are not there', async () => {
  const mine = (await api.send('GET', '/v1/workloads', admin)).body.items;
  const token = other.tokens.administrator;
  expect((await api.send('GET', '/v1/workloads', { token })).body.items).toEqual([]);
  const url = `/v1/workloads/${mine[0].workload_id}`;
  expectProblem(await api.send('DELETE', url, { token }), 404, 'not-found');
});

test('the ledger verifies with workloads in it', async () => {
  const verified = await api.send('GET', '/v1/ledger/verification', admin);
  const { result } = JSON.parse(verified.text.trimEnd().split('\n').at(-1) ?? '');
  expect(result.findings).toEqual([]);
});

/** What jose would not sign. */
function signedByHand(header: object): string {
  const input = `${encoded(header)}.${encoded(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), issuer.key).toString('base64url')}`;
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

async function events(): Promise<string> {
  return (await api.admin.query('SELECT count(*) FROM lapse.events')).rows[0].count;
}
