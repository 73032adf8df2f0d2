import { randomBytes } from 'node:crypto';
import { OPERATOR } from '../../domain/access/actor.ts';
import { FULL_CLEARANCE } from '../../domain/access/clearance.ts';
import { DomainError } from '../../domain/errors.ts';
import { isUlid } from '../../domain/ids.ts';
import { formatInstant, MINUTE } from '../../domain/schedule/instant.ts';
import { record } from '../../journal/journal.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { addPerson } from './person-service.ts';
import { lockByEmail, lockFirstAdministrator, lockPerson, personStream } from './person-store.ts';
import type { SessionService } from './session-service.ts';
import { secretHash } from './session-store.ts';

/** How long a link can be used. */
const LINK_LIFE = 15 * MINUTE;

const LINK = /^([0-7][0-9A-HJKMNP-TV-Z]{25})_([A-Za-z0-9_-]{43})$/;

/** Whom a link is for: somebody by address, else the administrator of the first start. */
export interface LinkFor {
  readonly email?: string | undefined;
  readonly now: number;
}

/**
 * Makes a one-time link for a person; an administrator is made where there is no such person. Only
 * what runs on the server's own machine calls it, as the system.
 *
 * @returns the path of the link, with its secret, which is kept nowhere
 */
export async function makeSignInLink(
  tx: Transaction,
  tenantId: string,
  { email, now }: LinkFor,
): Promise<string> {
  const known = await (email === undefined
    ? lockFirstAdministrator(tx, tenantId)
    : lockByEmail(tx, tenantId, email));
  if (known && !known.state.active)
    throw new DomainError('wrong-state', `${known.state.name} may not sign in any more`);
  const details = {
    name: email ?? 'Administrator',
    ...(email === undefined ? {} : { email }),
    roles: ['administrator' as const],
    clearance: FULL_CLEARANCE,
  };
  const added = { details, source: 'first-start' as const, actor: OPERATOR, at: now };
  const before = known ?? addPerson(tx, tenantId, added);
  const { state } = before;
  const ends_at = formatInstant(now + LINK_LIFE);
  const events = [{ type: 'SignInLinkMade' as const, data: { ends_at } }];
  record(tx, personStream, [
    { tenantId, streamId: state.person_id, before, events, at: now, actor: OPERATOR },
  ]);
  const secret = randomBytes(32).toString('base64url');
  tx.atCommit(
    'INSERT INTO lapse.sign_in_links (tenant_id, secret_hash, person_id, ends_at) VALUES ($1, $2, $3, $4)',
    [tenantId, secretHash(secret), state.person_id, ends_at],
  );
  return `/sign-in/link/${tenantId}_${secret}`;
}

/** Spends a link, and begins a session; refuses with `unauthenticated` one that is unknown, spent or past its end. */
export async function spendSignInLink(
  db: Database,
  sessions: SessionService,
  link: string,
  { userAgent, now }: { readonly userAgent: string | undefined; readonly now: number },
): Promise<string> {
  const [, tenantId = '', secret = ''] = LINK.exec(link) ?? [];
  if (!isUlid(tenantId)) throw spent();
  return db.inTenant(tenantId, async (tx) => {
    const [row] = await tx.query<{ person_id: string; ends_at: Date }>(
      'DELETE FROM lapse.sign_in_links WHERE tenant_id = $1 AND secret_hash = $2 RETURNING person_id, ends_at',
      [tenantId, secretHash(secret)],
    );
    if (!row || row.ends_at.getTime() <= now) throw spent();
    const person = await lockPerson(tx, tenantId, row.person_id);
    return sessions.begin(tx, tenantId, {
      person,
      signedIn: { method: 'link' },
      userAgent,
      authenticatedAt: now,
    });
  });
}

function spent(): DomainError {
  return new DomainError(
    'unauthenticated',
    "the link is unknown, used already or older than 15 minutes; `lapse token sign-in-link` on the server's machine makes another",
  );
}
