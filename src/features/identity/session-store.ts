import { createHash, randomBytes } from 'node:crypto';
import type { SignIn } from '../../domain/access/actor.ts';
import { formatInstant, HOUR, MINUTE } from '../../domain/schedule/instant.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { newUlid } from '../../platform/ids.ts';
import type { PersonState } from './person-events.ts';

/** How long a session lasts unused, and at most, in milliseconds (ASVS 5.0, 7.3). */
const SESSION_IDLE = HOUR;
const SESSION_LIFE = 12 * HOUR;
/** A session that is used is marked so no more often than this. */
const SEEN_EVERY = MINUTE;

/** What a provider needs to hear when somebody signs out. */
export interface ProviderSession {
  readonly provider: string;
  /** Its ID token, sealed. */
  readonly id_token?: string;
}

/** A session with the person whose it is. */
export interface SessionRow {
  readonly session_id: string;
  readonly person_id: string;
  readonly signed_in: SignIn;
  readonly provider: ProviderSession | null;
  readonly user_agent: string | null;
  readonly created_at: Date;
  readonly seen_at: Date;
  readonly ends_at: Date;
  /** When the person last showed who they are, as far as that is known. */
  readonly authenticated_at: Date | null;
}

/** A session as it begins; times in epoch milliseconds, real time. */
export interface NewSession {
  readonly personId: string;
  readonly signedIn: SignIn;
  readonly provider?: ProviderSession | undefined;
  readonly userAgent?: string | undefined;
  /** When they showed who they are, as far as that is known. */
  readonly authenticatedAt?: number | undefined;
  readonly now: number;
}

/** Queues a session; answers its id, and the secret that its cookie holds and nothing else does. */
export function insertSession(
  tx: Transaction,
  tenantId: string,
  { personId, signedIn, provider, userAgent, authenticatedAt, now }: NewSession,
): { readonly sessionId: string; readonly secret: string } {
  const secret = randomBytes(32).toString('base64url');
  const sessionId = `ses_${newUlid()}`;
  tx.atCommit(
    'DELETE FROM lapse.sessions WHERE tenant_id = $1 AND (ends_at <= $2 OR seen_at <= $3)',
    [tenantId, formatInstant(now), formatInstant(now - SESSION_IDLE)],
  );
  tx.atCommit(
    `INSERT INTO lapse.sessions (tenant_id, session_id, secret_hash, person_id, signed_in, provider,
       user_agent, created_at, seen_at, ends_at, authenticated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)`,
    [
      tenantId,
      sessionId,
      secretHash(secret),
      personId,
      JSON.stringify(signedIn),
      provider === undefined ? null : JSON.stringify(provider),
      userAgent?.slice(0, 300) ?? null,
      formatInstant(now),
      formatInstant(now + SESSION_LIFE),
      authenticatedAt === undefined ? null : formatInstant(authenticatedAt),
    ],
  );
  return { sessionId, secret };
}

/** SHA-256 of a secret: what is kept of it. */
export function secretHash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** The session of a secret with its person, and marks it as used; undefined where it has ended. */
export async function useSession(
  tx: Transaction,
  tenantId: string,
  hash: Uint8Array,
  now: number,
): Promise<
  (SessionRow & { readonly person: PersonState; readonly secret_hash: Buffer }) | undefined
> {
  const [row] = await tx.query<
    SessionRow & { person: PersonState; secret_hash: Buffer; [column: string]: unknown }
  >(
    `SELECT s.session_id, s.person_id, s.signed_in, s.provider, s.user_agent, s.created_at, s.seen_at,
       s.ends_at, s.authenticated_at, s.secret_hash, p.state AS person
     FROM lapse.sessions AS s JOIN lapse.people AS p USING (tenant_id, person_id)
     WHERE s.tenant_id = $1 AND s.secret_hash = $2 AND p.active`,
    [tenantId, hash],
  );
  if (!row || !isLive(row, now)) return undefined;
  if (now - row.seen_at.getTime() >= SEEN_EVERY) {
    tx.atCommit('UPDATE lapse.sessions SET seen_at = $3 WHERE tenant_id = $1 AND session_id = $2', [
      tenantId,
      row.session_id,
      formatInstant(now),
    ]);
  }
  return row;
}

/** Whether a session is neither past its end nor left alone for too long. */
export function isLive(
  { seen_at, ends_at }: Pick<SessionRow, 'seen_at' | 'ends_at'>,
  now: number,
): boolean {
  return now < ends_at.getTime() && now < seen_at.getTime() + SESSION_IDLE;
}
