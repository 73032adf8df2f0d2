import { createHash, timingSafeEqual } from 'node:crypto';
import type { Principal } from '../../domain/access/principal.ts';
import { DomainError } from '../../domain/errors.ts';
import { isUlid } from '../../domain/ids.ts';
import type { Database } from '../../platform/db/transaction.ts';
import { clearanceOf, isUsable, type TokenState } from './token-events.ts';
import { findBySecretHash, holderOf } from './token-store.ts';

/** Tells who a bearer token belongs to. */
export interface Authenticator {
  /** Throws `unauthenticated` for a token that is malformed, unknown, revoked or past its end. */
  authenticate(bearer: string | undefined): Promise<Principal>;
  /** Forgets what is remembered of a tenant's tokens, so that a revocation counts at once here. */
  forget(tenantId: string): void;
}

/** How long, in milliseconds, another replica may still accept a token that was revoked. */
const REMEMBERED_FOR = 1_000;
const REMEMBERED_AT_MOST = 10_000;
const TOKEN = /^lapse_([0-7][0-9A-HJKMNP-TV-Z]{25})_([A-Za-z0-9_-]{43})$/;

interface Remembered {
  /** Kept from the moment it is looked up, so that requests at the same time share one look. */
  readonly token: Promise<TokenState>;
  readonly until: number;
}

/** Authenticates against the database, remembering each answer for a second. Time here is real time. */
export function createAuthenticator(db: Database, realNow: () => number = Date.now): Authenticator {
  const remembered = new Map<string, Remembered>();

  async function lookUp(tenantId: string, hash: Buffer): Promise<TokenState> {
    const found = await db.inTenant(tenantId, (tx) => findBySecretHash(tx, tenantId, hash));
    if (!found || !timingSafeEqual(found.secretHash, hash)) throw refused();
    return found.token;
  }

  return {
    async authenticate(bearer) {
      const match = bearer === undefined ? undefined : TOKEN.exec(bearer);
      const tenantId = match?.[1];
      if (!match || !tenantId || !isUlid(tenantId)) throw refused();
      const hash = createHash('sha256')
        .update(match[2] ?? '')
        .digest();
      const key = `${tenantId}/${hash.toString('base64')}`;
      const now = realNow();
      let entry = remembered.get(key);
      if (!entry || entry.until < now) {
        if (remembered.size >= REMEMBERED_AT_MOST) remembered.clear();
        const looked = { token: lookUp(tenantId, hash), until: now + REMEMBERED_FOR };
        remembered.set(key, looked);
        looked.token.catch(() => {
          if (remembered.get(key) === looked) remembered.delete(key);
        });
        entry = looked;
      }
      const token = await entry.token;
      if (!isUsable(token, now)) throw refused();
      const { scopes } = token;
      return { tenantId, actor: holderOf(token), scopes, clearance: clearanceOf(token) };
    },
    forget(tenantId) {
      for (const key of remembered.keys())
        if (key.startsWith(`${tenantId}/`)) remembered.delete(key);
    },
  };
}

// One answer for every cause: whoever tries tokens must not learn which part was wrong.
function refused(): DomainError {
  return new DomainError(
    'unauthenticated',
    'the token is missing, not known, revoked or past its end; send Authorization: Bearer lapse_…',
  );
}
