import { utf8Bytes } from './encoding.ts';
import { parseSignedNote } from './signed-note.ts';
import { isKeyOf, type NoteVerifierKey } from './verifier-key.ts';

/**
 * Port: Ed25519 verification of RFC 8032 (`node:crypto` or WebCrypto). The public key is 32 bytes,
 * the signature 64. It answers false for a bad signature; an error it throws is passed on.
 */
export type VerifyEd25519 = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>;

/** A note whose text a known key has signed. */
export interface VerifiedNote {
  readonly text: string;
  /** The known keys that signed, each once, in the order of the lines. */
  readonly signedBy: readonly NoteVerifierKey[];
}

/** A well-formed note, checkpoint or receipt that is not to be believed; the message says why. */
export class LedgerVerificationError extends Error {
  override readonly name = 'LedgerVerificationError';
}

const SIGNATURE_BYTES = 64;

/**
 * Reads and verifies a note. Signatures by keys that are not given are ignored; one by a given key
 * that does not verify condemns the whole note. Source: C2SP signed-note, "Signatures".
 * @throws LedgerFormatError where the note is malformed.
 * @throws {@link LedgerVerificationError} where a known key's signature fails, or none is there.
 */
export async function openNote(
  note: Uint8Array | string,
  keys: readonly NoteVerifierKey[],
  verifyEd25519: VerifyEd25519,
): Promise<VerifiedNote> {
  const { text, signatures } = parseSignedNote(note);
  const message = utf8Bytes(text);
  const signedBy = new Set<NoteVerifierKey>();
  for (const line of signatures) {
    const key = keys.find((known) => isKeyOf(known, line));
    if (key === undefined) continue;
    const valid =
      line.signature.length === SIGNATURE_BYTES &&
      (await verifyEd25519(key.publicKey, message, line.signature));
    if (!valid) throw new LedgerVerificationError(`the signature by ${key.name} is not valid`);
    signedBy.add(key);
  }
  if (signedBy.size === 0) throw new LedgerVerificationError('no known key signed the note');
  return { text, signedBy: [...signedBy] };
}
