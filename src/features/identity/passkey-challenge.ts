import { randomBytes } from 'node:crypto';
import { DomainError } from '../../domain/errors.ts';
import { formatInstant, MINUTE } from '../../domain/schedule/instant.ts';
import {
  type ApprovalStatement,
  approvalChallenge,
} from '../../domain/signature/approval-signature.ts';
import type { Transaction } from '../../platform/db/transaction.ts';

/** How long a challenge can be answered, in milliseconds. */
export const CHALLENGE_LIFE = 5 * MINUTE;

/** A challenge that somebody was given. */
export interface SpentChallenge {
  /** What is signed; null where a passkey is registered. */
  readonly statement: ApprovalStatement | null;
  /** Base64url; empty where a passkey is registered. */
  readonly nonce: string;
}

interface Asking {
  readonly tenantId: string;
  readonly personId: string;
  /** Epoch milliseconds, real time. */
  readonly now: number;
}

/** Queues a challenge: of a statement, or of chance alone. Answers its 32 bytes. */
export function giveChallenge(
  tx: Transaction,
  { tenantId, personId, now }: Asking,
  statement?: ApprovalStatement,
): Uint8Array<ArrayBuffer> {
  const nonce = randomBytes(32);
  const challenge = statement
    ? new Uint8Array(approvalChallenge(statement, nonce))
    : new Uint8Array(nonce);
  tx.atCommit('DELETE FROM lapse.passkey_challenges WHERE tenant_id = $1 AND ends_at <= $2', [
    tenantId,
    formatInstant(now),
  ]);
  tx.atCommit(
    `INSERT INTO lapse.passkey_challenges (tenant_id, challenge, person_id, statement, nonce, ends_at)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [
      tenantId,
      challenge,
      personId,
      statement ? JSON.stringify(statement) : null,
      statement ? nonce : null,
      formatInstant(now + CHALLENGE_LIFE),
    ],
  );
  return challenge;
}

/**
 * Takes a challenge, so that it is answered once; what is refused afterwards in the same transaction
 * gives it back. Refuses one that is unknown, spent, somebody else's or over.
 */
export async function spendChallenge(
  tx: Transaction,
  { tenantId, personId, now }: Asking,
  challenge: string | undefined,
): Promise<SpentChallenge> {
  const bytes = Buffer.from(challenge ?? '', 'base64url');
  const [row] = await tx.query<{
    statement: ApprovalStatement | null;
    nonce: Buffer | null;
    ends_at: Date;
  }>(
    `DELETE FROM lapse.passkey_challenges WHERE tenant_id = $1 AND challenge = $2 AND person_id = $3
     RETURNING statement, nonce, ends_at`,
    [tenantId, bytes, personId],
  );
  if (!row)
    throw refusedSignature('it answers no challenge that you were given, or one that is spent');
  if (row.ends_at.getTime() <= now)
    throw refusedSignature('its challenge is over: a challenge lasts five minutes');
  return { statement: row.statement, nonce: row.nonce?.toString('base64url') ?? '' };
}

/** A refusal of what a passkey has signed. */
export function refusedSignature(why: string): DomainError {
  return new DomainError(
    'signature-refused',
    `the signature is refused: ${why}; ask for a new challenge and sign that`,
  );
}
