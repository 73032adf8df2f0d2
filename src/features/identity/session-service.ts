import { timingSafeEqual } from 'node:crypto';
import type { Actor, Role, SignIn } from '../../domain/access/actor.ts';
import type { Principal } from '../../domain/access/principal.ts';
import { DomainError } from '../../domain/errors.ts';
import { isUlid } from '../../domain/ids.ts';
import { record } from '../../journal/journal.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import { SignInAgain } from '../../platform/http/sign-in-again.ts';
import type { PersonState, SessionEnd } from './person-events.ts';
import { lockPerson, type PersonRow, personStream } from './person-store.ts';
import {
  insertSession,
  isLive,
  type ProviderSession,
  type SessionRow,
  secretHash,
  useSession,
} from './session-store.ts';

/** A session that a cookie opened: who it is, and the session itself. */
export interface OpenSession {
  readonly principal: Principal;
  readonly session: Omit<SessionRow, 'person_id'>;
}

/** How somebody signs in. */
export interface SigningIn {
  readonly person: PersonRow;
  readonly signedIn: SignIn;
  readonly provider?: ProviderSession | undefined;
  readonly userAgent?: string | undefined;
  /** When they showed who they are, epoch milliseconds, as far as that is known. */
  readonly authenticatedAt?: number | undefined;
}

/** Why a session is ended, and whose it has to be. */
export interface EndingSession {
  readonly reason: SessionEnd;
  /** The person whose it has to be; anybody's where none is named. */
  readonly of?: string | undefined;
  readonly idempotency?: IdempotentRequest | undefined;
}

const COOKIE = /^([0-7][0-9A-HJKMNP-TV-Z]{25})_([A-Za-z0-9_-]{43})$/;
/** How long, in milliseconds, another replica may still accept a session that was ended. */
const REMEMBERED_FOR = 1_000;
const REMEMBERED_AT_MOST = 10_000;

/** Opens, lists and ends sessions. Their time is real time: a moved test clock opens nothing. */
export class SessionService {
  readonly #db: Database;
  readonly #realNow: () => number;
  readonly #freshFor: number;
  readonly #remembered = new Map<string, { found: Promise<OpenSession>; until: number }>();

  /** @param freshFor how old a sign-in may be for what gives access, in milliseconds */
  constructor(db: Database, freshFor: number, realNow: () => number = Date.now) {
    this.#db = db;
    this.#freshFor = freshFor;
    this.#realNow = realNow;
  }

  /** The session of a cookie; refuses with `unauthenticated` one that is malformed, unknown or ended. */
  async authenticate(cookie: string): Promise<OpenSession> {
    const [, tenantId = '', secret = ''] = COOKIE.exec(cookie) ?? [];
    if (!isUlid(tenantId)) throw ended();
    const hash = secretHash(secret);
    const key = `${tenantId}/${hash.toString('base64')}`;
    const now = this.#realNow();
    let entry = this.#remembered.get(key);
    if (!entry || entry.until < now) {
      if (this.#remembered.size >= REMEMBERED_AT_MOST) this.#remembered.clear();
      const looked = { found: this.#lookUp(tenantId, hash, now), until: now + REMEMBERED_FOR };
      this.#remembered.set(key, looked);
      looked.found.catch(() => {
        if (this.#remembered.get(key) === looked) this.#remembered.delete(key);
      });
      entry = looked;
    }
    return entry.found;
  }

  async #lookUp(tenantId: string, hash: Buffer, now: number): Promise<OpenSession> {
    const row = await this.#db.inTenant(tenantId, (tx) => useSession(tx, tenantId, hash, now));
    if (!row || !timingSafeEqual(row.secret_hash, hash)) throw ended();
    // Roles that follow from groups can all be gone while somebody is signed in.
    if (row.person.roles.length === 0) throw ended();
    const { person, secret_hash: _, ...session } = row;
    const actor = actorOf(person, row.signed_in);
    return { principal: { tenantId, actor, clearance: person.clearance }, session };
  }

  /** Until when a session may do what gives access, epoch milliseconds; undefined where it may not at all. */
  freshUntil({ authenticated_at }: Pick<SessionRow, 'authenticated_at'>): number | undefined {
    return authenticated_at ? authenticated_at.getTime() + this.#freshFor : undefined;
  }

  /** Refuses with `sign-in-again` a session whose sign-in is too old for what gives access (ADR 0042). */
  assertFresh(session: Pick<SessionRow, 'authenticated_at'>): void {
    if (this.#realNow() <= (this.freshUntil(session) ?? 0)) return;
    throw new SignInAgain(this.#freshFor / 1_000);
  }

  /** Forgets what is remembered of a tenant's sessions, so that what ended is ended at once here. */
  forget(tenantId: string): void {
    for (const key of this.#remembered.keys())
      if (key.startsWith(`${tenantId}/`)) this.#remembered.delete(key);
  }

  /** Begins a session in a transaction that is under way; answers what its cookie holds. */
  begin(
    tx: Transaction,
    tenantId: string,
    { person, signedIn, provider, userAgent, authenticatedAt }: SigningIn,
  ): string {
    const now = this.#realNow();
    const { person_id: personId, active, name } = person.state;
    if (!active) throw new DomainError('unauthenticated', `${name} may not sign in any more`);
    if (person.state.roles.length === 0)
      throw new DomainError('unauthenticated', `${name} has no role here; ask an administrator`);
    const session = { personId, signedIn, provider, userAgent, authenticatedAt, now };
    const { sessionId, secret } = insertSession(tx, tenantId, session);
    const data = { ...signedIn, session_id: sessionId };
    const events = [{ type: 'SignedIn' as const, data }];
    const actor = actorOf(person.state, signedIn);
    record(tx, personStream, [
      { tenantId, streamId: personId, before: person, events, at: now, actor },
    ]);
    return `${tenantId}_${secret}`;
  }

  /** The live sessions of a person, or of everybody; newest first. */
  list(tenantId: string, personId: string | undefined): Promise<SessionRow[]> {
    const now = this.#realNow();
    return this.#db.inTenant(tenantId, async (tx) => {
      const rows = await tx.query<SessionRow & { [column: string]: unknown }>(
        `SELECT session_id, person_id, signed_in, provider, user_agent, created_at, seen_at, ends_at,
           authenticated_at
         FROM lapse.sessions WHERE tenant_id = $1 AND ($2::text IS NULL OR person_id = $2)
         ORDER BY session_id DESC LIMIT 1000`,
        [tenantId, personId ?? null],
      );
      return rows.filter((row) => isLive(row, now));
    });
  }

  /** Ends a session; one that has ended already is fine. */
  async end(
    { tenantId, actor }: Principal,
    sessionId: string,
    { reason, of, idempotency }: EndingSession,
  ): Promise<void> {
    await this.#db.inTenant(tenantId, async (tx) => {
      if (await recall(tx, tenantId, idempotency)) return;
      const reference = { type: 'session', id: sessionId, version: 1 };
      remember(tx, tenantId, idempotency, { status: 204, reference, at: await tx.now });
      const [row] = await tx.query<{ person_id: string }>(
        'DELETE FROM lapse.sessions WHERE tenant_id = $1 AND session_id = $2 AND ($3::text IS NULL OR person_id = $3) RETURNING person_id',
        [tenantId, sessionId, of ?? null],
      );
      if (!row) return;
      const person = await lockPerson(tx, tenantId, row.person_id);
      const events = [{ type: 'SessionEnded' as const, data: { session_id: sessionId, reason } }];
      record(tx, personStream, [
        { tenantId, streamId: row.person_id, before: person, events, at: this.#realNow(), actor },
      ]);
    });
    this.forget(tenantId);
  }
}

/** A person as an actor: with every role, the first one in front. */
function actorOf(
  { person_id: id, name, email, roles }: PersonState,
  signed_in: SignIn,
): Actor & { readonly role: Role } {
  const [role = 'requestor'] = roles;
  return {
    id,
    name,
    ...(email === undefined ? {} : { email }),
    role,
    ...(roles.length > 1 ? { roles } : {}),
    signed_in,
  };
}

// One answer for every cause: whoever tries cookies must not learn which part was wrong.
function ended(): DomainError {
  return new DomainError('unauthenticated', 'the session has ended; sign in again at /sign-in');
}
