import * as oidc from 'openid-client';
import { DomainError } from '../../domain/errors.ts';
import { HOUR } from '../../domain/schedule/instant.ts';
import { AnswerTooLarge, boundedFetch, type FetchRules } from './bounded-fetch.ts';
import type { ProviderSettings } from './provider-events.ts';

/** What a way to a provider and back remembers, sealed in a cookie. */
export interface SignInAttempt {
  readonly tenantId: string;
  readonly provider: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** A path of this server. */
  readonly returnTo: string;
  /** Epoch milliseconds, real time. */
  readonly at: number;
  /** The person whose session it is, where somebody who is signed in shows anew who they are. */
  readonly again?: string;
}

/** What a provider vouches for: its claims about a subject, and the ID token itself. */
export interface VouchedClaims {
  readonly issuer: string;
  readonly subject: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly idToken: string;
  /** When the provider saw the subject sign in, epoch seconds, where it says. */
  readonly authTime?: number | undefined;
}

/** A provider with what it takes to talk to it. */
export interface ProviderClient {
  readonly settings: ProviderSettings;
  readonly secret: string | undefined;
  /** Changes whenever the settings or the secret do. */
  readonly version: string;
}

const KNOWN_FOR = HOUR;
const KNOWN_AT_MOST = 100;

/** Talks to OpenID providers; what it discovers of each it remembers for an hour. */
export class OidcClient {
  readonly #known = new Map<string, { config: Promise<oidc.Configuration>; until: number }>();
  readonly #callback: string;
  readonly #fetch: typeof fetch;

  /** How old a sign-in may be that is to be a fresh one, in seconds. */
  readonly #maxAge: number;

  /**
   * @param callback the public address that providers send people back to
   * @param maxAge how old a sign-in may be that is to be a fresh one, in seconds
   */
  constructor(callback: string, maxAge: number, rules: FetchRules) {
    this.#callback = callback;
    this.#maxAge = maxAge;
    this.#fetch = boundedFetch(rules);
  }

  /** Where to send somebody to sign in; refuses with `unavailable` where the provider does not answer. */
  async begin(client: ProviderClient, attempt: SignInAttempt): Promise<URL> {
    const config = await this.#configOf(client);
    return oidc.buildAuthorizationUrl(config, {
      redirect_uri: this.#callback,
      scope: client.settings.scopes.join(' '),
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: 'S256',
      // With a greatest age the provider has to say when somebody signed in (OpenID Connect Core, 3.1.2.1).
      ...(attempt.again === undefined ? {} : { prompt: 'login', max_age: String(this.#maxAge) }),
    });
  }

  /**
   * What the provider says of whoever it sent back. Refuses with `unauthenticated` an answer whose
   * state, nonce, issuer, audience, times or signature is wrong, and with `unavailable` a provider
   * that does not answer.
   *
   * @param query of the address that they came back to, with its question mark
   */
  async complete(
    client: ProviderClient,
    attempt: SignInAttempt,
    query: string,
  ): Promise<VouchedClaims> {
    const config = await this.#configOf(client);
    try {
      const tokens = await oidc.authorizationCodeGrant(config, new URL(query, this.#callback), {
        expectedState: attempt.state,
        expectedNonce: attempt.nonce,
        pkceCodeVerifier: attempt.verifier,
        idTokenExpected: true,
        ...(attempt.again === undefined ? {} : { maxAge: this.#maxAge }),
      });
      const claims = tokens.claims();
      if (!claims || !tokens.id_token) throw new Error('there is no ID token');
      const more = config.serverMetadata().userinfo_endpoint
        ? await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)
        : {};
      const { iss: issuer, sub: subject, auth_time: authTime } = claims;
      const vouched = { issuer, subject, idToken: tokens.id_token, authTime };
      return { ...vouched, claims: { ...more, ...claims } };
    } catch (error) {
      throw refusalOf(error, client, attempt.again !== undefined);
    }
  }

  /** Where to sign out at the provider; undefined where it has no such place. */
  async signOutUrl(
    client: ProviderClient,
    idToken: string,
    backTo: string,
  ): Promise<URL | undefined> {
    const config = await this.#configOf(client);
    if (!config.serverMetadata().end_session_endpoint) return undefined;
    return oidc.buildEndSessionUrl(config, {
      id_token_hint: idToken,
      post_logout_redirect_uri: backTo,
    });
  }

  async #configOf(client: ProviderClient): Promise<oidc.Configuration> {
    const now = Date.now();
    const known = this.#known.get(client.version);
    if (known && known.until > now) return known.config;
    if (this.#known.size >= KNOWN_AT_MOST) this.#known.clear();
    const entry = { config: discover(client, this.#fetch), until: now + KNOWN_FOR };
    this.#known.set(client.version, entry);
    try {
      return await entry.config;
    } catch (error) {
      this.#known.delete(client.version);
      throw refusalOf(error, client);
    }
  }
}

/** Fresh secrets for one attempt. */
export function newAttempt(
  place: Omit<SignInAttempt, 'state' | 'nonce' | 'verifier'>,
): SignInAttempt {
  return {
    ...place,
    state: oidc.randomState(),
    nonce: oidc.randomNonce(),
    verifier: oidc.randomPKCECodeVerifier(),
  };
}

function discover(
  { settings, secret }: ProviderClient,
  fetch: typeof globalThis.fetch,
): Promise<oidc.Configuration> {
  const { issuer, client_id } = settings;
  const authentication = secret === undefined ? oidc.None() : oidc.ClientSecretBasic(secret);
  const isLoopback = new URL(issuer).protocol === 'http:';
  return oidc.discovery(new URL(issuer), client_id, secret, authentication, {
    [oidc.customFetch]: fetch as oidc.CustomFetch,
    // The ID token's signature is checked, though it came over a connection that was checked too.
    execute: [oidc.enableNonRepudiationChecks, ...(isLoopback ? [oidc.allowInsecureRequests] : [])],
  });
}

/** What went wrong, for whoever signs in: either the provider is not there, or its answer is no proof. */
function refusalOf(
  error: unknown,
  { settings: { label } }: ProviderClient,
  again = false,
): DomainError {
  if (error instanceof DomainError) return error;
  const refusal = causesOf(error).some(isAbsence)
    ? new DomainError(
        'unavailable',
        `${label} does not answer as it should; try again, or tell your administrator`,
      )
    : new DomainError(
        'unauthenticated',
        again
          ? notJustNow(label)
          : `what ${label} answered is no proof of who you are; sign in again`,
      );
  refusal.cause = error;
  return refusal;
}

/** What is said where a provider does not prove that somebody has signed in just now. */
export function notJustNow(label: string): string {
  return `what ${label} answered does not prove that you have signed in just now: it has to ask you again, and to say when it did (auth_time); your session goes on as it was`;
}

/** An error with what it came from. */
function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  for (let one = error; one instanceof Error && causes.length < 10; one = one.cause)
    causes.push(one);
  return causes;
}

/** Whether the provider could not be heard out, as against what it said. */
function isAbsence(error: unknown): boolean {
  if (error instanceof AnswerTooLarge) return true;
  if (error instanceof TypeError && error.message === 'fetch failed') return true;
  return error instanceof DOMException && error.name === 'TimeoutError';
}
