import { CLOCK } from '../../domain/access/actor.ts';
import { DomainError } from '../../domain/errors.ts';
import { isUlid } from '../../domain/ids.ts';
import { MINUTE } from '../../domain/schedule/instant.ts';
import { record } from '../../journal/journal.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import type { MasterKey, SealedSecret } from '../../platform/secrets/secrets.ts';
import { groupsGiveAccess } from './group-store.ts';
import {
  newAttempt,
  notJustNow,
  type OidcClient,
  type SignInAttempt,
  type VouchedClaims,
} from './oidc-client.ts';
import { type PersonEvent, sameDetails } from './person-events.ts';
import { assertNotLast } from './person-rules.ts';
import { addPerson } from './person-service.ts';
import { lockByEmail, lockBySubject, type PersonRow, personStream } from './person-store.ts';
import type { ProviderSettings } from './provider-events.ts';
import type { ProviderService } from './provider-service.ts';
import { lockProvider, providerStream } from './provider-store.ts';
import type { SessionService } from './session-service.ts';
import { detailsAfter, vouchedEmail } from './vouched-person.ts';

interface Services {
  readonly db: Database;
  readonly master: MasterKey;
  readonly providers: ProviderService;
  readonly oidc: OidcClient;
  readonly sessions: SessionService;
  readonly realNow: () => number;
  /** How old a sign-in may be that is to be a fresh one, in milliseconds. */
  readonly freshFor: number;
}

/** A way out to a provider: where to, and what the cookie holds until the way back. */
export interface SignInStart {
  readonly url: URL;
  readonly cookie: string;
}

/** How long somebody may take to sign in at a provider. */
const ATTEMPT_LIFE = 10 * MINUTE;
/** How much the clock of a provider may be ahead, in milliseconds. */
const CLOCKS_APART = MINUTE / 2;
const PURPOSE = 'sign-in attempt';

/** Signs people in through OpenID providers: authorization code with PKCE (RFC 9700). */
export class OidcSignIn {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /**
   * Begins; refuses with `not-found` a provider that the tenant does not have.
   *
   * @param again the person whose session it is, where they are to show anew who they are
   */
  async begin(
    tenantId: string,
    provider: string,
    returnTo: string | undefined,
    again?: string,
  ): Promise<SignInStart> {
    const { providers, oidc, master, realNow } = this.#services;
    if (!isUlid(tenantId)) throw new DomainError('not-found', `there is no provider ${provider}`);
    const client = await providers.client(tenantId, provider);
    const place = { tenantId, provider, returnTo: ownPath(returnTo), at: realNow() };
    const attempt = newAttempt({ ...place, ...(again === undefined ? {} : { again }) });
    const url = await oidc.begin(client, attempt);
    return { url, cookie: sealText(master, JSON.stringify(attempt), PURPOSE) };
  }

  /**
   * Ends what {@link begin} began: learns who it is, adds or finds the person, begins a session.
   *
   * @returns what the session's cookie holds, and where to go on
   */
  async complete(
    cookie: string | undefined,
    query: string,
    userAgent: string | undefined,
  ): Promise<{ readonly session: string; readonly returnTo: string }> {
    const { providers, oidc, db } = this.#services;
    const attempt = this.#open(cookie);
    const { tenantId, provider, returnTo } = attempt;
    const client = await providers.client(tenantId, provider);
    const vouched = await oidc.complete(client, attempt, query);
    const outcome = await db.inTenant(tenantId, (tx) =>
      this.#admit(tx, attempt, { vouched, settings: client.settings, userAgent }),
    );
    // What was refused is in the ledger by now.
    if (outcome instanceof DomainError) throw outcome;
    return { session: outcome, returnTo };
  }

  /** Where to sign out at the provider of a session; undefined where there is nothing to do there. */
  async signOutUrl(
    tenantId: string,
    session: { readonly provider: string; readonly id_token?: string },
    backTo: string,
  ): Promise<URL | undefined> {
    const { providers, oidc, master } = this.#services;
    if (session.id_token === undefined) return undefined;
    const idToken = openOrNothing(master, session.id_token);
    if (idToken === undefined) return undefined;
    const client = await providers.client(tenantId, session.provider);
    return oidc.signOutUrl(client, idToken, backTo);
  }

  #open(cookie: string | undefined): SignInAttempt {
    const { master, realNow } = this.#services;
    try {
      const attempt = JSON.parse(openText(master, cookie ?? '', PURPOSE)) as SignInAttempt;
      if (realNow() - attempt.at <= ATTEMPT_LIFE) return attempt;
    } catch {
      // Forged, of another server, or not there: the same as too old.
    }
    throw new DomainError(
      'unauthenticated',
      'nobody here began to sign in within the last ten minutes, or another browser did; begin again',
    );
  }

  async #admit(
    tx: Transaction,
    { tenantId, provider, again }: SignInAttempt,
    { vouched, settings, userAgent }: Admission,
  ): Promise<string | DomainError> {
    const { master, sessions, realNow } = this.#services;
    const found = await this.#findPerson(tx, tenantId, vouched, settings);
    const byGroups = found?.state.directory ? await groupsGiveAccess(tx, tenantId) : false;
    const details = detailsAfter(found?.state, vouched, settings, byGroups);
    const authenticatedAt = this.#authenticatedAt(vouched);
    const refusal =
      refusalOf(found, details.roles.length, settings) ??
      (again === undefined ? undefined : this.#staleness(again, found, authenticatedAt, settings));
    if (refusal) {
      await this.#recordRefusal(tx, tenantId, provider, vouched, refusal);
      return new DomainError('unauthenticated', refusal);
    }
    const actor = CLOCK;
    const at = realNow();
    const known = found ?? addPerson(tx, tenantId, { details, source: 'sign-in', actor, at });
    const events: PersonEvent[] = [];
    const { issuer, subject } = vouched;
    const isLinked = known.state.subjects.some(
      (one) => one.issuer === issuer && one.subject === subject,
    );
    if (!isLinked) events.push({ type: 'SubjectLinked', data: { issuer, subject } });
    if (found && !sameDetails(found.state, details)) {
      if (!details.roles.includes('administrator')) await assertNotLast(tx, tenantId, found.state);
      events.push({ type: 'PersonChanged', data: details });
    }
    const append = { tenantId, streamId: known.state.person_id, before: known, events, at, actor };
    const [person = known] = record(tx, personStream, [append]);
    const idToken = sealText(master, vouched.idToken, TOKEN_PURPOSE);
    return sessions.begin(tx, tenantId, {
      person,
      signedIn: { method: 'oidc', issuer, subject },
      provider: { provider, id_token: idToken },
      userAgent,
      authenticatedAt,
    });
  }

  /** When somebody signed in, as far as the provider says; a time that is still to come says nothing. */
  #authenticatedAt({ authTime }: VouchedClaims): number | undefined {
    const now = this.#services.realNow();
    const at = (authTime ?? Number.NaN) * 1_000;
    return at <= now + CLOCKS_APART ? Math.min(at, now) : undefined;
  }

  /** Why it is no fresh sign-in of the person whose session asks for one. */
  #staleness(
    again: string,
    found: PersonRow | undefined,
    authenticatedAt: number | undefined,
    { label }: ProviderSettings,
  ): string | undefined {
    if (found?.state.person_id !== again)
      return `${label} vouches for somebody else than you are signed in as; your session goes on as it was`;
    const { realNow, freshFor } = this.#services;
    const isFresh = authenticatedAt !== undefined && realNow() - authenticatedAt <= freshFor;
    return isFresh ? undefined : notJustNow(label);
  }

  async #findPerson(
    tx: Transaction,
    tenantId: string,
    vouched: VouchedClaims,
    settings: ProviderSettings,
  ): Promise<PersonRow | undefined> {
    const bySubject = await lockBySubject(tx, tenantId, vouched);
    if (bySubject) return bySubject;
    const email = vouchedEmail(vouched, settings);
    return email === undefined ? undefined : lockByEmail(tx, tenantId, email);
  }

  async #recordRefusal(
    tx: Transaction,
    tenantId: string,
    provider: string,
    { issuer, subject }: VouchedClaims,
    reason: string,
  ): Promise<void> {
    const before = await lockProvider(tx, tenantId, provider);
    if (!before) return;
    const events = [{ type: 'SignInRefused' as const, data: { issuer, subject, reason } }];
    record(tx, providerStream, [
      { tenantId, streamId: provider, before, events, at: this.#services.realNow(), actor: CLOCK },
    ]);
  }
}

interface Admission {
  readonly vouched: VouchedClaims;
  readonly settings: ProviderSettings;
  readonly userAgent: string | undefined;
}

const TOKEN_PURPOSE = 'ID token of a session';

function refusalOf(
  found: PersonRow | undefined,
  roles: number,
  { label, roles_claim }: ProviderSettings,
): string | undefined {
  if (found && !found.state.active) return `${found.state.name} may not sign in any more`;
  if (roles > 0) return undefined;
  return `${label} vouches for you, and nothing in your ${roles_claim} gives you a role here; ask your administrator for one`;
}

/** A path of this server to go on to; whatever leads elsewhere leads to the first page. */
function ownPath(wanted: string | undefined): string {
  const base = 'http://lapse.invalid';
  if (!wanted?.startsWith('/') || !URL.canParse(wanted, base)) return '/';
  const { origin, pathname, search } = new URL(wanted, base);
  // A path that begins with two slashes would be taken for another host by the browser.
  return origin === base && !pathname.startsWith('//') ? `${pathname}${search}` : '/';
}

function sealText(master: MasterKey, text: string, purpose: string): string {
  const { keyId, nonce, ciphertext } = master.seal(Buffer.from(text), purpose);
  const parts = [nonce, ciphertext].map((bytes) => Buffer.from(bytes).toString('base64url'));
  return [keyId, ...parts].join('.');
}

/** The ID token of a session that began under a master key which was retired is gone with that key. */
function openOrNothing(master: MasterKey, text: string): string | undefined {
  const [keyId = ''] = text.split('.');
  return master.keyIds.includes(keyId) ? openText(master, text, TOKEN_PURPOSE) : undefined;
}

function openText(master: MasterKey, text: string, purpose: string): string {
  const [keyId = '', nonce = '', ciphertext = ''] = text.split('.');
  const bytes = (part: string) => Buffer.from(part, 'base64url');
  const sealed: SealedSecret = { keyId, nonce: bytes(nonce), ciphertext: bytes(ciphertext) };
  return Buffer.from(master.open(sealed, purpose)).toString('utf8');
}
