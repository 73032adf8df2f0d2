import { createHash, randomBytes } from 'node:crypto';
import type { Actor, Role } from '../../domain/access/actor.ts';
import {
  assertMayGive,
  type Classification,
  FULL_CLEARANCE,
} from '../../domain/access/clearance.ts';
import type { Permission } from '../../domain/access/permissions.ts';
import type { Principal } from '../../domain/access/principal.ts';
import { assertScopes } from '../../domain/access/scopes.ts';
import { DomainError } from '../../domain/errors.ts';
import { addDuration, parseDuration } from '../../domain/schedule/duration.ts';
import { DAY, formatInstant, parseInstant } from '../../domain/schedule/instant.ts';
import { record } from '../../journal/journal.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import { type IdPage, type PageRequest, readPage } from '../../platform/http/paging.ts';
import { newUlid } from '../../platform/ids.ts';
import type { TokenState } from './token-events.ts';
import { tokenStream } from './token-store.ts';

/**
 * A new token: who it is for, what it may do, and until when, at most a year ahead: an end (RFC 3339) or
 * a duration from now (ISO 8601).
 */
export interface NewToken {
  readonly name: string;
  readonly email?: string | undefined;
  readonly role: Role;
  /** What of its role's permissions it may use; all of them when left out. */
  readonly scopes?: readonly Permission[] | undefined;
  /** Everything unless told. */
  readonly clearance?: Classification | undefined;
  readonly expires_at?: string | undefined;
  readonly requested_duration?: string | undefined;
}

/** A token with its secret, which is shown once and stored nowhere. */
export interface IssuedToken {
  readonly token: TokenState;
  readonly secret?: string | undefined;
}

const YEAR = 366 * DAY;
const DEFAULT_LIFE = 90 * DAY;

/** Issues, lists and revokes tokens. Their time is real time: a moved test clock opens nothing. */
export class TokenService {
  readonly #db: Database;
  readonly #onRevoked: (tenantId: string) => void;
  readonly #realNow: () => number;

  constructor(
    db: Database,
    onRevoked: (tenantId: string) => void,
    realNow: () => number = Date.now,
  ) {
    this.#db = db;
    this.#onRevoked = onRevoked;
    this.#realNow = realNow;
  }

  create(
    principal: Principal,
    wanted: NewToken,
    idempotency?: IdempotentRequest,
  ): Promise<IssuedToken> {
    const { tenantId, actor, clearance: own } = principal;
    const { clearance = own } = wanted;
    assertMayGive(own, [clearance]);
    assertScopes(principal, wanted.role, wanted.scopes);
    return this.#db.inTenant(tenantId, async (tx) => {
      const before = await recall(tx, tenantId, idempotency);
      if (before) {
        // As it was answered then, whatever has become of it since.
        const { revoked_at: _, ...token } = await getToken(tx, tenantId, before.reference.id);
        return { token };
      }
      const issued = issueToken(tx, tenantId, actor, { ...wanted, clearance }, this.#realNow());
      const reference = { type: 'token', id: issued.token.token_id, version: 1 };
      remember(tx, tenantId, idempotency, { status: 201, reference, at: await tx.now });
      return issued;
    });
  }

  /** A page of the tokens, newest first. */
  list(tenantId: string, page: PageRequest): Promise<IdPage<TokenState>> {
    return this.#db.inTenant(tenantId, (tx) =>
      readPage(
        'tokens',
        page,
        ({ token_id }) => token_id,
        async (after, count) => {
          const rows = await tx.query<{ state: TokenState }>(
            `SELECT state FROM lapse.tokens
           WHERE tenant_id = $1 AND ($2::text IS NULL OR token_id < $2)
           ORDER BY token_id DESC LIMIT $3`,
            [tenantId, after ?? null, count],
          );
          return rows.map((row) => row.state);
        },
      ),
    );
  }

  /** Revokes a token; one that is revoked already stays as it is. */
  async revoke(
    { tenantId, actor }: Principal,
    tokenId: string,
    idempotency?: IdempotentRequest,
  ): Promise<TokenState> {
    const revoked = await this.#db.inTenant(tenantId, async (tx) => {
      const [before, [row]] = await Promise.all([
        recall(tx, tenantId, idempotency),
        tx.query<{ version: number; state: TokenState }>(
          'SELECT version, state FROM lapse.tokens WHERE tenant_id = $1 AND token_id = $2 FOR UPDATE',
          [tenantId, tokenId],
        ),
      ]);
      if (!row) throw new DomainError('not-found', `there is no token ${tokenId}`);
      if (!before) {
        const reference = { type: 'token', id: tokenId, version: 2 };
        remember(tx, tenantId, idempotency, { status: 200, reference, at: await tx.now });
      }
      if (row.state.revoked_at) return row.state;
      const events = [{ type: 'TokenRevoked' as const, data: {} }];
      const append = {
        tenantId,
        streamId: tokenId,
        before: row,
        events,
        at: this.#realNow(),
        actor,
      };
      const [change] = record(tx, tokenStream, [append]);
      return change?.state ?? row.state;
    });
    this.#onRevoked(tenantId);
    return revoked;
  }
}

/** Queues a token's creation in a transaction that is under way. */
export function issueToken(
  tx: Transaction,
  tenantId: string,
  actor: Actor,
  wanted: NewToken,
  realNow: number,
): IssuedToken {
  const end = endOf(wanted, realNow);
  if (end <= realNow || end > realNow + YEAR) {
    const passes = `an end after ${formatInstant(realNow)} and up to ${formatInstant(realNow + YEAR)} would pass`;
    throw new DomainError('invalid-request', `a token ends within a year; ${passes}`, [
      { path: wanted.requested_duration ? 'requested_duration' : 'expires_at', message: passes },
    ]);
  }
  const secret = randomBytes(32).toString('base64url');
  const data = {
    name: wanted.name,
    ...(wanted.email === undefined ? {} : { email: wanted.email }),
    role: wanted.role,
    ...(wanted.scopes === undefined ? {} : { scopes: wanted.scopes }),
    clearance: wanted.clearance ?? FULL_CLEARANCE,
    secret_sha256: createHash('sha256').update(secret).digest('hex'),
    expires_at: formatInstant(end),
  };
  const events = [{ type: 'TokenCreated' as const, data }];
  const streamId = `tok_${newUlid()}`;
  const [change] = record(tx, tokenStream, [
    { tenantId, streamId, before: undefined, events, at: realNow, actor },
  ]);
  if (!change) throw new Error('a new token has no events');
  return { token: change.state, secret: `lapse_${tenantId}_${secret}` };
}

/** The schema has let through what can be read alone. */
function endOf({ expires_at, requested_duration }: NewToken, realNow: number): number {
  const duration = parseDuration(requested_duration ?? '');
  if (duration) return addDuration(realNow, duration);
  return expires_at === undefined ? realNow + DEFAULT_LIFE : (parseInstant(expires_at) ?? 0);
}

/** Revokes every token that bears an address, in a transaction that is under way: its person has left. */
export async function revokeTokensOf(
  tx: Transaction,
  tenantId: string,
  email: string,
  { actor, realNow }: { readonly actor: Actor; readonly realNow: number },
): Promise<void> {
  const rows = await tx.query<{ token_id: string; version: number; state: TokenState }>(
    `SELECT token_id, version, state FROM lapse.tokens
     WHERE tenant_id = $1 AND revoked_at IS NULL AND lower(state->>'email') = lower($2)
     ORDER BY token_id FOR UPDATE`,
    [tenantId, email],
  );
  const events = [{ type: 'TokenRevoked' as const, data: { reason: 'its person has left' } }];
  record(
    tx,
    tokenStream,
    rows.map((before) => ({
      tenantId,
      streamId: before.token_id,
      before,
      events,
      at: realNow,
      actor,
    })),
  );
}

async function getToken(tx: Transaction, tenantId: string, tokenId: string): Promise<TokenState> {
  const [row] = await tx.query<{ state: TokenState }>(
    'SELECT state FROM lapse.tokens WHERE tenant_id = $1 AND token_id = $2',
    [tenantId, tokenId],
  );
  if (!row) throw new DomainError('not-found', `there is no token ${tokenId}`);
  return row.state;
}
