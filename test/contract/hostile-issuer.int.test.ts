import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { exportJWK, type JWTPayload, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../src/domain/schedule/instant.ts';
import { IssuerKeys } from '../../src/features/identity/issuer-keys.ts';
import type { WorkloadState } from '../../src/features/identity/workload-events.ts';
import { WorkloadSignIn } from '../../src/features/identity/workload-sign-in.ts';
import {
  at,
  DISCOVERY,
  endless,
  type HostileProvider,
  type Hostility,
  startHostileProvider,
} from '../support/hostile-provider.ts';
import { listedHost } from '../support/listed-host.ts';

const LIMITS = { bytes: 100_000, time: 300 };
const TENANT = '01J6M9M5Y0Q2H6W2QF9Q1VABCD';
const AUDIENCE = `https://lapse.example.com/${TENANT}`;
const keyPair = () => generateKeyPairSync('rsa', { modulusLength: 2_048 });

let issuer: HostileProvider;
let asked: string[];
beforeAll(async () => {
  issuer = await startHostileProvider('lapse');
});
beforeEach(() => {
  asked = [];
  // The keys' age is by this clock; what an answer may take is not.
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});
afterAll(() => issuer.close());

/** A tenant with one workload of the issuer, as it is now; nothing is remembered from before. */
function signIn(hostility: Hostility = {}): WorkloadSignIn {
  behave(hostility);
  const workload: WorkloadState = {
    ...{ workload_id: 'wl_1', name: 'deploy', created_at: '', created_by: '' },
    ...{
      issuer: issuer.issuer,
      audience: AUDIENCE,
      claims: { sub: ['deploy'] },
      role: 'requestor',
    },
  };
  return new WorkloadSignIn({
    workloadsOf: async () => [workload],
    tenantOf: (audience) => audience.split('/').at(-1),
    keys: new IssuerKeys({ ...LIMITS, listed: [listedHost(issuer.issuer)] }),
    realNow: Date.now,
  });
}

function behave(hostility: Hostility): void {
  issuer.hostility = {
    answer: (path, response) => {
      asked.push(path);
      return hostility.answer?.(path, response) ?? false;
    },
  };
}

function token(change: JWTPayload = {}, kid = 'one', key: KeyObject = issuer.key): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const claims = { iss: issuer.issuer, aud: AUDIENCE, sub: 'deploy', iat: now, exp: now + 300 };
  return new SignJWT({ ...claims, ...change }).setProtectedHeader({ alg: 'RS256', kid }).sign(key);
}

const text = (value: string) => (response: import('node:http').ServerResponse) => {
  response.end(value);
};

describe('an issuer keeps nobody waiting or reading', () => {
  test.each<[string, Hostility]>([
    ['with a discovery that never answers', at(DISCOVERY, () => {})],
    ['with a discovery that never ends', at(DISCOVERY, endless)],
    ['with a discovery that is no JSON', at(DISCOVERY, text('<html>'))],
    ['with a discovery without keys', at(DISCOVERY, text('{"issuer":"x"}'))],
    ['with keys that never come', at('/jwks', () => {})],
    ['with keys that never end', at('/jwks', endless)],
    ['with keys that begin and then stop', at('/jwks', (response) => response.write('{"keys":['))],
    ['with keys that are none', at('/jwks', text('{"keys":"none"}'))],
    ['with keys that are a text', at('/jwks', text('"keys"'))],
    ['with a failure', at('/jwks', (response) => response.writeHead(500).end())],
    ['with a connection that breaks', at('/jwks', (response) => response.destroy())],
    [
      'by leading elsewhere',
      at('/jwks', (response) =>
        response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
      ),
    ],
    [
      'by passing for another issuer',
      at(DISCOVERY, (response) => {
        const other = { issuer: 'https://login.example.com', jwks_uri: `${issuer.issuer}/jwks` };
        response.end(JSON.stringify(other));
      }),
    ],
    [
      'by having its keys in the clear',
      at(DISCOVERY, (response) => {
        const clear = { issuer: issuer.issuer, jwks_uri: 'http://keys.example.com/jwks' };
        response.end(JSON.stringify(clear));
      }),
    ],
  ])('%s', async (_, hostility) => {
    const workloads = signIn(hostility);
    await expect(workloads.authenticate(await token(), undefined)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(issuer.issuer),
    });
  });

  test('and is left alone for a while after it failed', async () => {
    const workloads = signIn(at('/jwks', (response) => response.writeHead(500).end()));
    const unavailable = async () =>
      expect(workloads.authenticate(await token(), undefined)).rejects.toMatchObject({
        code: 'unavailable',
      });
    await unavailable();
    behave({});
    const before = asked.length;
    await unavailable();
    expect(asked.length).toBe(before);
    vi.setSystemTime(Date.now() + 11 * SECOND);
    const principal = await workloads.authenticate(await token(), undefined);
    expect(principal).toMatchObject({ tenantId: TENANT, actor: { id: 'wl_1' } });
  });
});

describe('keys', () => {
  const keysAsked = () => asked.filter((path) => path === '/jwks').length;

  test('are asked for once for many tokens at once, and not again', async () => {
    const workloads = signIn();
    const jwt = await token();
    await Promise.all(Array.from({ length: 20 }, () => workloads.authenticate(jwt, undefined)));
    await workloads.authenticate(jwt, undefined);
    expect(asked).toEqual([DISCOVERY, '/jwks']);
  });

  test('that are made up have them fetched again every half minute at most', async () => {
    const workloads = signIn();
    const { privateKey } = keyPair();
    for (let time = 0; time < 10; time += 1) {
      const forged = workloads.authenticate(await token({}, `k${time}`, privateKey), undefined);
      await expect(forged).rejects.toMatchObject({ code: 'unauthenticated' });
    }
    expect(keysAsked()).toBe(1);
    vi.setSystemTime(Date.now() + 31 * SECOND);
    const forged = workloads.authenticate(await token({}, 'k', privateKey), undefined);
    await expect(forged).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(keysAsked()).toBe(2);
  });

  test('may change: the new one is found, the old one opens nothing any more', async () => {
    const workloads = signIn();
    await workloads.authenticate(await token(), undefined);
    const { privateKey, publicKey } = keyPair();
    const jwk = { ...(await exportJWK(publicKey)), kid: 'two', alg: 'RS256', use: 'sig' };
    behave(at('/jwks', text(JSON.stringify({ keys: [jwk] }))));
    vi.setSystemTime(Date.now() + MINUTE);
    const principal = await workloads.authenticate(await token({}, 'two', privateKey), undefined);
    expect(principal.actor.id).toBe('wl_1');
    await expect(workloads.authenticate(await token(), undefined)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  test('that are withdrawn open nothing after ten minutes', async () => {
    const workloads = signIn();
    await workloads.authenticate(await token(), undefined);
    behave(at('/jwks', text('{"keys":[]}')));
    vi.setSystemTime(Date.now() + 11 * MINUTE);
    await expect(workloads.authenticate(await token(), undefined)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  test.each([
    ['a shared secret', { kty: 'oct', k: Buffer.from('x'.repeat(32)).toString('base64url') }],
    ['too short', generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey],
    ['broken', { kty: 'RSA', n: '!', e: '!' }],
  ])('that are %s open nothing, and stand in nobody else’s way', async (_, key) => {
    const bad = { ...('kty' in key ? key : await exportJWK(key)), kid: 'bad' };
    const good = { ...(await exportJWK(issuer.publicKey)), kid: 'one' };
    const workloads = signIn(at('/jwks', text(JSON.stringify({ keys: [bad, good] }))));
    const forged = workloads.authenticate(await token({}, 'bad'), undefined);
    await expect(forged).rejects.toMatchObject({ code: 'unauthenticated' });
    expect((await workloads.authenticate(await token(), undefined)).actor.id).toBe('wl_1');
  });

  test('are looked for where they are now, an hour later', async () => {
    const workloads = signIn();
    await workloads.authenticate(await token(), undefined);
    vi.setSystemTime(Date.now() + HOUR + SECOND);
    await workloads.authenticate(await token(), undefined);
    expect(asked).toEqual([DISCOVERY, '/jwks', DISCOVERY, '/jwks']);
  });
});

test.each([
  ['half a minute', 29 * SECOND, true],
  ['more', 32 * SECOND, false],
])('a token is let in %s after its end: clocks differ', async (_, after, passes) => {
  const workloads = signIn();
  const jwt = await token({ exp: Math.floor(Date.now() / 1_000) });
  vi.setSystemTime(Date.now() + after);
  const asked = workloads.authenticate(jwt, undefined);
  if (passes) await expect(asked).resolves.toMatchObject({ tenantId: TENANT });
  else await expect(asked).rejects.toMatchObject({ message: expect.stringContaining('exp') });
});
