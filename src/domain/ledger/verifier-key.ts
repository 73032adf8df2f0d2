import { bytesToHex } from '@noble/hashes/utils.js';
import { decodeBase64, encodeBase64, equalBytes, utf8Bytes } from './encoding.ts';
import { LedgerFormatError } from './format-error.ts';
import { portableSha256, type Sha256 } from './hash.ts';

/** Who may sign a note: an Ed25519 public key under a name. */
export interface NoteVerifierKey {
  readonly name: string;
  /** 4 bytes. */
  readonly keyId: Uint8Array;
  /** The Ed25519 public key, 32 bytes as RFC 8032 encodes it. */
  readonly publicKey: Uint8Array;
}

const ED25519 = 0x01;
const PUBLIC_KEY_BYTES = 32;
const KEY_ID_BYTES = 4;

/**
 * The 4-byte id of an Ed25519 key: the start of `SHA-256(name || "\n" || 0x01 || publicKey)`.
 * It tells keys apart; it does not authenticate. Source: C2SP signed-note, "Signatures".
 */
export function noteKeyId(
  name: string,
  publicKey: Uint8Array,
  digest: Sha256 = portableSha256,
): Uint8Array {
  assertKeyName(name);
  if (publicKey.length !== PUBLIC_KEY_BYTES) {
    throw new LedgerFormatError('an Ed25519 public key is 32 bytes');
  }
  const input = Uint8Array.of(...utf8Bytes(name), 0x0a, ED25519, ...publicKey);
  return digest(input).slice(0, KEY_ID_BYTES);
}

/** The verifier key text `name+hex id+base64(0x01 || publicKey)`. Source: golang.org/x/mod note. */
export function formatVerifierKey(name: string, publicKey: Uint8Array, digest?: Sha256): string {
  const id = bytesToHex(noteKeyId(name, publicKey, digest));
  return `${name}+${id}+${encodeBase64(Uint8Array.of(ED25519, ...publicKey))}`;
}

/**
 * Reads a verifier key text.
 * @throws {@link LedgerFormatError} where it is malformed, of another algorithm than Ed25519, or
 * its id is not that of its key.
 */
export function parseVerifierKey(text: string, digest?: Sha256): NoteVerifierKey {
  // Neither the name nor the id holds a plus sign; the base64 may.
  const [, name, id, key] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/s.exec(text) ?? [];
  if (name === undefined || id === undefined || key === undefined) {
    throw new LedgerFormatError('a verifier key is name+hex id+base64 key');
  }
  const [algorithm, ...rest] = decodeBase64(key);
  if (algorithm !== ED25519) throw new LedgerFormatError('only Ed25519 (type 0x01) is supported');
  const publicKey = Uint8Array.from(rest);
  const keyId = noteKeyId(name, publicKey, digest);
  if (bytesToHex(keyId) !== id) throw new LedgerFormatError('the key id is not that of the key');
  return { name, keyId, publicKey };
}

/** Whether a signature line's name and id are those of the key. */
export function isKeyOf(
  key: NoteVerifierKey,
  line: { readonly name: string; readonly keyId: Uint8Array },
): boolean {
  return key.name === line.name && equalBytes(key.keyId, line.keyId);
}

/** Whether a text may name a key (C2SP signed-note) or a log (the advice of tlog-checkpoint). */
export function isNoteName(text: string): boolean {
  return text !== '' && text.isWellFormed() && !/[\s\p{Cc}+]/u.test(text);
}

/** @throws {@link LedgerFormatError} unless the name is non-empty, without space, plus or control. */
export function assertKeyName(name: string): void {
  if (!isNoteName(name)) {
    throw new LedgerFormatError('a key name is non-empty, without white space, plus or control');
  }
}
