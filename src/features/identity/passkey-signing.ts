import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  verifyAuthenticationResponse,
} from '@simplewebauthn/server';
import type { Actor } from '../../domain/access/actor.ts';
import { DomainError } from '../../domain/errors.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import {
  type ApprovalSignature,
  type ApprovalStatement,
  approvalMessage,
} from '../../domain/signature/approval-signature.ts';
import { challengeOf } from '../../domain/signature/assertion.ts';
import type { Passkey } from '../../domain/signature/passkey.ts';
import { record } from '../../journal/journal.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import {
  CHALLENGE_LIFE,
  giveChallenge,
  refusedSignature,
  spendChallenge,
} from './passkey-challenge.ts';
import { coseOfKey } from './passkey-key.ts';
import { partyHere, passkeysOf, personOf } from './passkey-service.ts';
import type { PersonEvent } from './person-events.ts';
import { lockPerson, personStream } from './person-store.ts';

/** Who signs: somebody in a session. */
interface Signer {
  readonly tenantId: string;
  readonly actor: Actor;
}

/** What a browser asks a passkey with. */
export type SigningOptions = Awaited<ReturnType<typeof generateAuthenticationOptions>>;

interface Services {
  readonly publicUrl: string;
  readonly realNow: () => number;
}

/** Lets people sign approvals with their passkeys, in transactions that are under way. */
export class PasskeySigning {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** A challenge over a statement; refuses who has no session, or no passkey here. */
  async challenge(
    tx: Transaction,
    signer: Signer,
    statement: ApprovalStatement,
  ): Promise<SigningOptions> {
    const { tenantId, actor } = signer;
    const { publicUrl, realNow } = this.#services;
    const personId = personOf(signer);
    const { here } = await partyHere(tx, tenantId, publicUrl);
    const { state } = await lockPerson(tx, tenantId, personId);
    const usable = passkeysOf(state).filter(({ rp_id }) => rp_id === here.rp_id);
    if (usable.length === 0)
      throw new DomainError(
        'signature-required',
        `${actor.name} has no passkey here yet: register one at /passkeys`,
      );
    const challenge = giveChallenge(tx, { tenantId, personId, now: realNow() }, statement);
    return generateAuthenticationOptions({
      rpID: here.rp_id,
      challenge,
      timeout: CHALLENGE_LIFE,
      userVerification: 'required',
      allowCredentials: usable.map(({ credential_id: id, transports = [] }) => ({
        id,
        transports: [...transports],
      })),
    });
  }

  /**
   * Checks what a passkey has signed, spends its challenge and records its use; answers what the
   * ledger keeps. Whoever refuses the approval afterwards takes all of it back with the transaction.
   */
  async check(
    tx: Transaction,
    signer: Signer,
    response: AuthenticationResponseJSON,
  ): Promise<ApprovalSignature> {
    const { tenantId, actor } = signer;
    const { publicUrl, realNow } = this.#services;
    const now = realNow();
    const personId = personOf(signer);
    const answered = challengeOf(response.response.clientDataJSON);
    const { statement, nonce } = await spendChallenge(tx, { tenantId, personId, now }, answered);
    if (!statement) throw refusedSignature('its challenge was one to register a passkey');
    const [{ here }, person] = await Promise.all([
      partyHere(tx, tenantId, publicUrl),
      lockPerson(tx, tenantId, personId),
    ]);
    const passkey = passkeysOf(person.state).find(
      ({ credential_id }) => credential_id === response.id,
    );
    if (!passkey)
      throw refusedSignature(
        'it was made by a passkey that you have not registered, or have removed',
      );
    if (passkey.rp_id !== here.rp_id)
      throw refusedSignature(`its passkey belongs to ${passkey.rp_id}, and this is ${here.rp_id}`);
    const { authenticatorData, clientDataJSON, signature } = response.response;
    const signed: ApprovalSignature = {
      statement,
      nonce,
      credential_id: passkey.credential_id,
      public_key: passkey.public_key,
      rp_id: here.rp_id,
      origin: here.origins[0] ?? '',
      authenticator_data: authenticatorData,
      client_data: clientDataJSON,
      signature,
      signed_at: formatInstant(now),
    };
    // What the ledger's verification would find wrong later does not get in.
    const message = approvalMessage(signed);
    if (typeof message === 'string') throw refusedSignature(message);
    const counter = await verifyAssertion(response, answered ?? '', passkey, signed);
    const data = {
      credential_id: passkey.credential_id,
      counter,
      exception_id: statement.exception_id,
    };
    const events: PersonEvent[] = [{ type: 'PasskeyUsed', data }];
    record(tx, personStream, [
      { tenantId, streamId: personId, before: person, events, at: now, actor },
    ]);
    return signed;
  }
}

/** The counter of the passkey after this use. */
async function verifyAssertion(
  response: AuthenticationResponseJSON,
  challenge: string,
  { credential_id, public_key, counter }: Passkey,
  { rp_id, origin }: ApprovalSignature,
): Promise<number> {
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response,
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: rp_id,
    requireUserVerification: true,
    credential: { id: credential_id, publicKey: coseOfKey(public_key), counter },
  }).catch((error: Error) => {
    throw refusedSignature(error.message);
  });
  if (!verified) throw refusedSignature('the registered key has not made it');
  return authenticationInfo.newCounter;
}
