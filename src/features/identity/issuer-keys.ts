import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { DomainError } from '../../domain/errors.ts';
import { HOUR, MINUTE, SECOND } from '../../domain/schedule/instant.ts';
import { boundedFetch, type FetchRules } from './bounded-fetch.ts';
import { isSecureAddress } from './provider-events.ts';

/** What is read of a discovery document (OpenID Connect Discovery 1.0 section 3). */
const discovered = z.object({
  issuer: z.string(),
  jwks_uri: z.string().refine((text) => isSecureAddress(text)),
});
const keySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

const PLACE_KNOWN_FOR = HOUR;
/** A key that was withdrawn is believed no longer than this. */
const KEYS_KNOWN_FOR = 10 * MINUTE;
/** Who makes up keys must not make Lapse ask for them every time. */
const ASKS_AGAIN_AFTER = 30 * SECOND;
/** Nor must everybody wait each time for an issuer that does not answer. */
const LEFT_ALONE_FOR = 10 * SECOND;
const KNOWN_AT_MOST = 100;

/**
 * The public keys of issuers, found by discovery. An unknown key has them fetched again, every half
 * minute at most; an issuer that fails is left alone for ten seconds.
 */
export class IssuerKeys {
  readonly #known = new Map<string, { keys: Promise<JWTVerifyGetKey>; until: number }>();
  readonly #failed = new Map<string, number>();
  readonly #rules: FetchRules;

  constructor(rules: FetchRules) {
    this.#rules = rules;
  }

  /** Finds the key of a token's header; refuses with `unavailable` where the issuer does not answer. */
  of(issuer: string): JWTVerifyGetKey {
    return async (header, token) => (await this.#keysOf(issuer))(header, token);
  }

  async #keysOf(issuer: string): Promise<JWTVerifyGetKey> {
    const now = Date.now();
    const known = this.#known.get(issuer);
    if (known && known.until > now) return known.keys;
    if (this.#known.size >= KNOWN_AT_MOST) this.#known.clear();
    const entry = { keys: this.#discover(issuer), until: now + PLACE_KNOWN_FOR };
    this.#known.set(issuer, entry);
    entry.keys.catch(() => this.#known.delete(issuer));
    return entry.keys;
  }

  async #discover(issuer: string): Promise<JWTVerifyGetKey> {
    const place = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const { jwks_uri } = await this.#ask(issuer, place, (text) => {
      const document = discovered.parse(JSON.parse(text));
      if (document.issuer === issuer) return document;
      throw new Error(`it is the document of ${document.issuer}`);
    });
    return createRemoteJWKSet(new URL(jwks_uri), {
      timeoutDuration: this.#rules.time,
      cacheMaxAge: KEYS_KNOWN_FOR,
      cooldownDuration: ASKS_AGAIN_AFTER,
      [customFetch]: async (url) =>
        Response.json(await this.#ask(issuer, url, (text) => keySet.parse(JSON.parse(text)))),
    });
  }

  async #ask<T>(issuer: string, url: string, read: (text: string) => T): Promise<T> {
    const failed = this.#failed.get(issuer);
    if (failed !== undefined && Date.now() - failed < LEFT_ALONE_FOR) throw absent(issuer);
    try {
      const answer = await boundedFetch(this.#rules)(url, {
        headers: { accept: 'application/json' },
      });
      const text = await answer.text();
      if (answer.status !== 200) throw new Error(`${url} answers ${answer.status}`);
      const value = read(text);
      this.#failed.delete(issuer);
      return value;
    } catch (error) {
      if (this.#failed.size >= KNOWN_AT_MOST) this.#failed.clear();
      this.#failed.set(issuer, Date.now());
      throw absent(issuer, error);
    }
  }
}

function absent(issuer: string, cause?: unknown): DomainError {
  const refusal = new DomainError(
    'unavailable',
    `${issuer} does not answer as it should, so nobody can tell whether the token is its own; try again`,
  );
  refusal.cause = cause;
  return refusal;
}
