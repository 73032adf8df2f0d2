import { generateKeyPairSync } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { OidcClient } from '../../src/features/identity/oidc-client.ts';
import { providerSettings } from '../../src/features/identity/provider-events.ts';
import {
  at,
  DISCOVERY,
  endless,
  type HostileProvider,
  type Hostility,
  signed,
  startHostileProvider,
  unsigned,
} from '../support/hostile-provider.ts';
import { listedHost } from '../support/listed-host.ts';

const CALLBACK = 'http://localhost:7400/sign-in/callback';
const MAX_AGE = 900;
const LIMITS = { bytes: 100_000, time: 300 };
const ATTEMPT = {
  ...{ tenantId: 'T', provider: 'work', returnTo: '/', at: 0 },
  state: 'a-state-that-nobody-guesses',
  nonce: 'a-nonce-that-nobody-guesses',
  verifier: 'a-verifier-that-is-long-enough-to-be-one-by-the-rules',
};

let provider: HostileProvider;
beforeAll(async () => {
  provider = await startHostileProvider('lapse');
});
beforeEach(() => {
  provider.hostility = {};
});
afterAll(() => provider.close());

/** Signs in through the provider as it is now; nothing is remembered of it from before. */
async function signIn(hostility: Hostility): Promise<unknown> {
  provider.hostility = hostility;
  const settings = providerSettings.parse({
    label: 'Work',
    issuer: provider.issuer,
    client_id: 'lapse',
  });
  const client = { settings, secret: 'a client secret of thirty-two bytes', version: '1' };
  const oidc = new OidcClient(CALLBACK, MAX_AGE, {
    ...LIMITS,
    listed: [listedHost(provider.issuer)],
  });
  const url = await oidc.begin(client, ATTEMPT);
  const back = provider.backFrom(url.href);
  return oidc.complete(client, ATTEMPT, back.search);
}

const withClaims = (change: JWTPayload): Hostility => ({
  idToken: (claims, one) => signed({ ...claims, ...change }, one),
});

test('a provider that does all right signs in', async () => {
  expect(await signIn({})).toMatchObject({ issuer: provider.issuer, subject: 'sub' });
});

describe('an ID token is refused', () => {
  const hour = 3_600;
  const now = Math.floor(Date.now() / 1_000);
  const forger = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
  test.each<[string, Hostility]>([
    ['without a signature', { idToken: (claims) => unsigned(claims) }],
    ['signed by another key', { idToken: (claims) => signed(claims, { key: forger }) }],
    [
      'signed with the public key as a shared secret',
      {
        idToken: (claims, { publicKey }) =>
          new SignJWT(claims)
            .setProtectedHeader({ alg: 'HS256', kid: 'one' })
            .sign(Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }) as string)),
      },
    ],
    [
      'signed with the client secret, which the provider did not announce',
      {
        idToken: (claims) =>
          new SignJWT(claims)
            .setProtectedHeader({ alg: 'HS256' })
            .sign(Buffer.from('a client secret of thirty-two bytes')),
      },
    ],
    [
      'altered after it was signed',
      {
        idToken: async (claims, one) => {
          const [head, , signature] = (await signed(claims, one)).split('.');
          const body = Buffer.from(JSON.stringify({ ...claims, sub: 'admin' })).toString(
            'base64url',
          );
          return [head, body, signature].join('.');
        },
      },
    ],
    ['for another client', withClaims({ aud: 'other' })],
    ['of another issuer', withClaims({ iss: 'https://evil.example' })],
    ['for another attempt', withClaims({ nonce: 'of somebody else' })],
    ['that is over', withClaims({ iat: now - 2 * hour, exp: now - hour })],
    ['that has not begun', withClaims({ nbf: now + hour })],
    ['without a subject', withClaims({ sub: undefined as unknown as string })],
    ['that is none', { idToken: () => 'not.a.token' }],
  ])('%s', async (_, hostility) => {
    await expect(signIn(hostility)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

describe('a provider does not keep Lapse waiting or reading', () => {
  test.each<[string, Hostility]>([
    ['with a discovery that never answers', at(DISCOVERY, () => {})],
    ['with a discovery that never ends', at(DISCOVERY, endless)],
    ['with keys that never end', at('/jwks', endless)],
    ['with a token that never comes', at('/token', () => {})],
    ['with a token that never ends', at('/token', endless)],
    ['with a connection that breaks', at('/token', (response) => response.destroy())],
  ])('%s', async (_, hostility) => {
    await expect(signIn(hostility)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('nor does it lead elsewhere', async () => {
    const elsewhere = at(DISCOVERY, (response) => {
      response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    });
    await expect(signIn(elsewhere)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test('nor does it pass for another issuer', async () => {
    const other = at(DISCOVERY, (response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ issuer: 'https://login.example.com' }));
    });
    await expect(signIn(other)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

test('what failed is asked again, what was learned is not', async () => {
  let asked = 0;
  provider.hostility = {
    answer: (path, response) => {
      if (!path.startsWith('/.well-known')) return false;
      asked += 1;
      if (asked > 1) return false;
      response.writeHead(500).end();
      return true;
    },
  };
  const settings = providerSettings.parse({
    label: 'W',
    issuer: provider.issuer,
    client_id: 'lapse',
  });
  const client = { settings, secret: undefined, version: '1' };
  const oidc = new OidcClient(CALLBACK, MAX_AGE, {
    ...LIMITS,
    listed: [listedHost(provider.issuer)],
  });
  await expect(oidc.begin(client, ATTEMPT)).rejects.toMatchObject({ code: 'unauthenticated' });
  await oidc.begin(client, ATTEMPT);
  await oidc.begin(client, ATTEMPT);
  expect(asked).toBe(2);
});

test.each([
  'http://id.example.com',
  'https://id.example.com/?a=b',
  'https://id.example.com/#x',
  'ftp://id.example.com',
  'id.example.com',
])('%s is no issuer', (issuer) => {
  const parsed = providerSettings.safeParse({ label: 'W', issuer, client_id: 'lapse' });
  expect(parsed.success).toBe(false);
});
