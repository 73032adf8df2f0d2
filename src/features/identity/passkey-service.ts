import {
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import type { Actor } from '../../domain/access/actor.ts';
import type { Principal } from '../../domain/access/principal.ts';
import { DomainError } from '../../domain/errors.ts';
import { challengeOf } from '../../domain/signature/assertion.ts';
import type { Passkey, PasskeyRegistration } from '../../domain/signature/passkey.ts';
import { record } from '../../journal/journal.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import {
  CHALLENGE_LIFE,
  giveChallenge,
  refusedSignature,
  spendChallenge,
} from './passkey-challenge.ts';
import { ALGORITHMS, keyOfCose } from './passkey-key.ts';
import type { PersonEvent, PersonState } from './person-events.ts';
import { lockPerson, type PersonRow, personStream } from './person-store.ts';
import {
  assertSameParty,
  type RelyingParty,
  readRelyingParty,
  relyingPartyAt,
  relyingPartyStream,
} from './relying-party.ts';

/** Nobody has more devices than this. */
const MOST_PASSKEYS = 20;

interface Services {
  readonly db: Database;
  readonly publicUrl: string;
  readonly realNow: () => number;
}

/** What a browser makes a passkey from. */
export type RegistrationOptions = Awaited<ReturnType<typeof generateRegistrationOptions>>;

/** Keeps the passkeys of people, and the relying party that a tenant's passkeys belong to. */
export class PasskeyService {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** Your passkeys, oldest first; a token has none. */
  list({ tenantId, actor }: Principal): Promise<Passkey[]> {
    return this.#services.db.inTenant(tenantId, async (tx) => {
      const [row] = await tx.query<{ state: PersonState }>(
        'SELECT state FROM lapse.people WHERE tenant_id = $1 AND person_id = $2',
        [tenantId, actor.id],
      );
      return row ? passkeysOf(row.state) : [];
    });
  }

  /** What a browser needs to make a passkey here. */
  offer(principal: Principal): Promise<RegistrationOptions> {
    const personId = personOf(principal);
    const { tenantId } = principal;
    const { db, publicUrl, realNow } = this.#services;
    return db.inTenant(tenantId, async (tx) => {
      const party = await partyHere(tx, tenantId, publicUrl);
      const { state } = await lockPerson(tx, tenantId, personId);
      const challenge = giveChallenge(tx, { tenantId, personId, now: realNow() });
      return generateRegistrationOptions({
        rpName: 'Lapse',
        rpID: party.here.rp_id,
        userName: state.email ?? state.name,
        userDisplayName: state.name,
        userID: new Uint8Array(Buffer.from(personId)),
        challenge,
        timeout: CHALLENGE_LIFE,
        attestationType: 'none',
        supportedAlgorithmIDs: ALGORITHMS,
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
        excludeCredentials: passkeysOf(state).map(({ credential_id: id, transports = [] }) => ({
          id,
          transports: [...transports],
        })),
      });
    });
  }

  /** Registers the passkey that a browser has made; the first of a tenant fixes its relying party. */
  register(
    principal: Principal,
    name: string,
    response: RegistrationResponseJSON,
    idempotency?: IdempotentRequest,
  ): Promise<Passkey> {
    const personId = personOf(principal);
    const { tenantId, actor } = principal;
    const { db, publicUrl, realNow } = this.#services;
    return db.inTenant(tenantId, async (tx) => {
      const person = await lockPerson(tx, tenantId, personId);
      const before = await recall(tx, tenantId, idempotency);
      if (before) return passkeyOf(person.state, before.reference.id);
      const party = await partyHere(tx, tenantId, publicUrl);
      const now = realNow();
      const answered = challengeOf(response.response.clientDataJSON);
      const { statement } = await spendChallenge(tx, { tenantId, personId, now }, answered);
      if (statement) throw refusedSignature('its challenge was one for an approval');
      const made = await verifyRegistration(response, answered ?? '', party.here);
      assertRoomFor(person, made.credential_id);
      if (!party.fixed) {
        const events = [{ type: 'RelyingPartyFixed' as const, data: party.here }];
        record(tx, relyingPartyStream, [
          { tenantId, streamId: tenantId, before: undefined, events, at: now, actor },
        ]);
      }
      const events: PersonEvent[] = [{ type: 'PasskeyRegistered', data: { ...made, name } }];
      const append = { tenantId, streamId: personId, before: person, events, at: now, actor };
      const [change = person] = record(tx, personStream, [append]);
      const reference = { type: 'passkey', id: made.credential_id, version: change.version };
      remember(tx, tenantId, idempotency, { status: 201, reference, at: await tx.now });
      return passkeyOf(change.state, made.credential_id);
    });
  }

  /** Removes a passkey: it signs nothing any more, and what it has signed stays good. */
  async remove(
    principal: Principal,
    credentialId: string,
    idempotency?: IdempotentRequest,
  ): Promise<void> {
    const personId = personOf(principal);
    const { tenantId, actor } = principal;
    const { db, realNow } = this.#services;
    await db.inTenant(tenantId, async (tx) => {
      const person = await lockPerson(tx, tenantId, personId);
      if (await recall(tx, tenantId, idempotency)) return;
      if (!passkeysOf(person.state).some(({ credential_id }) => credential_id === credentialId))
        throw new DomainError('not-found', `you have no passkey ${credentialId}`);
      const data = { credential_id: credentialId };
      const events: PersonEvent[] = [{ type: 'PasskeyRemoved', data }];
      record(tx, personStream, [
        { tenantId, streamId: personId, before: person, events, at: realNow(), actor },
      ]);
      const reference = { type: 'passkey', id: credentialId, version: person.version + 1 };
      remember(tx, tenantId, idempotency, { status: 204, reference, at: await tx.now });
    });
  }

  /**
   * Lets a tenant's passkeys belong to this server's public address from now on. Those of another
   * domain sign nothing any more: people register new ones.
   */
  move(
    { tenantId, actor }: Principal,
    reason: string,
    idempotency?: IdempotentRequest,
  ): Promise<RelyingParty> {
    const { db, publicUrl, realNow } = this.#services;
    return db.inTenant(tenantId, async (tx) => {
      const here = relyingPartyAt(publicUrl);
      if (await recall(tx, tenantId, idempotency)) return here;
      const before = await readRelyingParty(tx, tenantId);
      if (!before)
        throw new DomainError(
          'wrong-state',
          'nobody has a passkey yet: the first one fixes where they belong',
        );
      if (isSame(before.state, here))
        throw new DomainError(
          'wrong-state',
          `the passkeys of this tenant belong to ${here.origins.join(', ')} already; set LAPSE_PUBLIC_URL to where they are to go`,
        );
      const events = [{ type: 'RelyingPartyMoved' as const, data: { ...here, reason } }];
      record(tx, relyingPartyStream, [
        { tenantId, streamId: tenantId, before, events, at: realNow(), actor },
      ]);
      const reference = { type: 'relying_party', id: tenantId, version: before.version + 1 };
      remember(tx, tenantId, idempotency, { status: 200, reference, at: await tx.now });
      return here;
    });
  }
}

/** The passkeys that can still sign. */
export function passkeysOf({ passkeys = [] }: PersonState): Passkey[] {
  return passkeys.filter(({ removed_at }) => removed_at === undefined);
}

/** The methods of sign-in that take somebody in front of a browser. */
const BY_PEOPLE: readonly string[] = ['oidc', 'link'];

/** The person whose session asks; refuses a token, which is not a person in front of a device. */
export function personOf({ actor }: { readonly actor: Actor }): string {
  if (actor.signed_in && BY_PEOPLE.includes(actor.signed_in.method)) return actor.id;
  throw new DomainError(
    'session-required',
    'passkeys belong to people, and a token is none: sign in with a browser at /sign-in',
  );
}

/** The relying party at this server's address, and the one that is fixed already; refuses where they differ. */
export async function partyHere(tx: Transaction, tenantId: string, publicUrl: string) {
  const here = relyingPartyAt(publicUrl);
  const fixed = (await readRelyingParty(tx, tenantId))?.state;
  if (fixed) assertSameParty(fixed, here);
  return { here, fixed };
}

async function verifyRegistration(
  response: RegistrationResponseJSON,
  challenge: string,
  { rp_id, origins: [origin = ''] }: RelyingParty,
): Promise<Omit<PasskeyRegistration, 'name'>> {
  const verified = await verifyRegistrationResponse({
    response,
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: rp_id,
    requireUserVerification: true,
    supportedAlgorithmIDs: ALGORITHMS,
  }).catch((error: Error) => {
    throw refusedSignature(error.message);
  });
  const info = verified.registrationInfo;
  const public_key = info && keyOfCose(info.credential.publicKey);
  if (!public_key) throw refusedSignature('its key is of a kind that is not asked for');
  const { id, counter, transports = [] } = info.credential;
  return {
    ...{ credential_id: id, public_key, counter, rp_id, origin },
    ...(transports.length > 0 ? { transports } : {}),
  };
}

function assertRoomFor({ state }: PersonRow, credentialId: string): void {
  const passkeys = passkeysOf(state);
  if (passkeys.some(({ credential_id }) => credential_id === credentialId))
    throw new DomainError('already-exists', 'you have registered this passkey already');
  if (passkeys.length >= MOST_PASSKEYS)
    throw new DomainError('wrong-state', `you have ${MOST_PASSKEYS} passkeys; remove one first`);
}

function passkeyOf({ passkeys = [] }: PersonState, credentialId: string): Passkey {
  const found = passkeys.findLast(({ credential_id }) => credential_id === credentialId);
  if (!found) throw new DomainError('not-found', `there is no passkey ${credentialId}`);
  return found;
}

function isSame(one: RelyingParty, other: RelyingParty): boolean {
  return one.rp_id === other.rp_id && one.origins.join() === other.origins.join();
}
