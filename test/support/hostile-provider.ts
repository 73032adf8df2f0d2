import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';

/** What the provider does that a good one would not. */
export interface Hostility {
  /** Answers a path instead of the provider; false where it leaves it alone. */
  answer?(path: string, response: ServerResponse): boolean;
  /** Makes the ID token out of the claims that would be right. */
  idToken?(claims: JWTPayload, provider: HostileProvider): Promise<string> | string;
}

/** A provider of our own that does as it is told; its pages are left out. */
export interface HostileProvider {
  readonly issuer: string;
  readonly key: KeyObject;
  readonly publicKey: KeyObject;
  hostility: Hostility;
  /** The address that a browser would come back to. */
  backFrom(url: string): URL;
  close(): Promise<void>;
}

/** Starts it on loopback. */
export async function startHostileProvider(clientId: string): Promise<HostileProvider> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
  let nonce = '';
  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  const provider: HostileProvider = {
    issuer,
    key: privateKey,
    publicKey,
    hostility: {},
    backFrom(url) {
      const { searchParams } = new URL(url);
      nonce = searchParams.get('nonce') ?? '';
      const back = new URL(searchParams.get('redirect_uri') ?? '');
      back.searchParams.set('code', 'a-code');
      back.searchParams.set('state', searchParams.get('state') ?? '');
      return back;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', issuer).pathname;
    if (provider.hostility.answer?.(path, response)) return;
    response.setHeader('content-type', 'application/json');
    if (path === DISCOVERY) {
      const at = (name: string) => `${issuer}/${name}`;
      response.end(
        JSON.stringify({
          issuer,
          authorization_endpoint: at('auth'),
          token_endpoint: at('token'),
          jwks_uri: at('jwks'),
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        }),
      );
    } else if (path === '/jwks') response.end(JSON.stringify({ keys: [jwk] }));
    else {
      const now = Math.floor(Date.now() / 1_000);
      const claims = { iss: issuer, aud: clientId, sub: 'sub', nonce, iat: now, exp: now + 300 };
      const id_token = await (provider.hostility.idToken ?? signed)(claims, provider);
      response.end(JSON.stringify({ access_token: 'x', token_type: 'bearer', id_token }));
    }
  }
  return provider;
}

/** A token that is right. */
export function signed(claims: JWTPayload, { key }: { readonly key: KeyObject }): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(key);
}

/** A token without a signature. */
export function unsigned(claims: JWTPayload): string {
  return new UnsecuredJWT(claims).encode();
}

/** Where a provider says of itself what it can do. */
export const DISCOVERY = '/.well-known/openid-configuration';

/** A provider that answers one path in a way of its own. */
export function at(path: string, act: (response: ServerResponse) => void): Hostility {
  return {
    answer: (asked, response) => {
      if (asked !== path) return false;
      act(response);
      return true;
    },
  };
}

/** Answers a document that has no end. */
export function endless(response: ServerResponse): void {
  response.setHeader('content-type', 'application/json');
  response.write('{"issuer":"');
  const chunk = 'x'.repeat(16_384);
  const more = () => {
    while (!response.destroyed && response.write(chunk));
    if (!response.destroyed) response.once('drain', more);
  };
  more();
}
