import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';

/**
 * SHA-256 of some bytes: 32 bytes. Synchronous, and must not keep `data` after it returns. The
 * server passes `node:crypto`'s, about twice as fast as the portable default.
 */
export type Sha256 = (data: Uint8Array) => Uint8Array;

/** Length in bytes of every hash in the ledger. */
export const HASH_BYTES = 32;

/** The portable implementation: the same in Node 20, Node 26 and browsers. */
export const portableSha256: Sha256 = nobleSha256;

// Reused, since a fresh buffer for each call costs half as much time again as hashing it does.
// Safe because a digest is synchronous and keeps nothing; byte 0 is the RFC's prefix throughout.
const leafInput = new Uint8Array(4096);
const nodeInput = new Uint8Array(1 + 2 * HASH_BYTES);
nodeInput[0] = 1;

/**
 * The Merkle leaf hash of an entry: `SHA-256(0x00 || entry)`.
 * Source: RFC 6962 section 2.1; the prefix keeps leaves and nodes apart (second preimages).
 */
export function leafHash(entry: Uint8Array, digest: Sha256 = portableSha256): Uint8Array {
  const size = 1 + entry.length;
  const data = size <= leafInput.length ? leafInput.subarray(0, size) : new Uint8Array(size);
  data.set(entry, 1);
  return digest(data);
}

/**
 * The Merkle hash of an inner node: `SHA-256(0x01 || left || right)`.
 * Source: RFC 6962 section 2.1.
 * @throws RangeError where a child is not 32 bytes: a short one would be padded unseen.
 */
export function nodeHash(
  left: Uint8Array,
  right: Uint8Array,
  digest: Sha256 = portableSha256,
): Uint8Array {
  if (left.length !== HASH_BYTES || right.length !== HASH_BYTES) {
    throw new RangeError('a Merkle node has two children of 32 bytes each');
  }
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + HASH_BYTES);
  return digest(nodeInput);
}

/** The head of the empty tree: `SHA-256("")`. Source: RFC 6962 section 2.1. */
export function emptyRoot(digest: Sha256 = portableSha256): Uint8Array {
  return digest(new Uint8Array(0));
}

/** Whether every one of the values is 32 bytes long. */
export function areHashes(values: readonly Uint8Array[]): boolean {
  return values.every((value) => value.length === HASH_BYTES);
}
