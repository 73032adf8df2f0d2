import { createPublicKey, verify } from 'node:crypto';
import type { VerifyEd25519 } from '../domain/ledger/note-verification.ts';

const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

function publicKeyOf(raw: Uint8Array) {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });
}

/** Checks an Ed25519 signature by a raw public key of 32 bytes. */
export const verifyEd25519: VerifyEd25519 = (publicKey, message, signature) =>
  verify(null, message, publicKeyOf(publicKey), signature);

/** As `verifyEd25519`, in the thread pool: a signature takes 150 us, and a ledger may have very many. */
export const verifyInPool: VerifyEd25519 = (publicKey, message, signature) =>
  new Promise((resolve, reject) => {
    verify(null, message, publicKeyOf(publicKey), signature, (error, valid) =>
      error ? reject(error) : resolve(valid),
    );
  });
