import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { leafHash } from './hash.ts';
import { MerkleFrontier } from './merkle-frontier.ts';
import type { VerifyEd25519 } from './note-verification.ts';
import type { NoteSigner } from './signed-note.ts';
import type { TileReader } from './tile-reader.ts';
import { noteKeyId } from './verifier-key.ts';

/** A log in memory: stores what appending says to store, and counts the tiles that are read. */
export class MemoryLog implements TileReader {
  readonly levels: Uint8Array[][] = [[]];
  readonly frontier = MerkleFrontier.empty();
  reads = 0;

  static of(entries: readonly Uint8Array[]): MemoryLog {
    const log = new MemoryLog();
    for (const entry of entries) log.append(leafHash(entry));
    return log;
  }

  append(leaf: Uint8Array): void {
    this.levels[0]?.push(leaf);
    for (const { level, index, hash } of this.frontier.append(leaf)) {
      const hashes = this.levels[level] ?? [];
      this.levels[level] = hashes;
      if (hashes.length !== index) throw new Error(`hash ${index} of level ${level} out of order`);
      hashes.push(hash);
    }
  }

  readTile(level: number, n: number, width: number): Uint8Array[] {
    this.reads += 1;
    return this.levels[level]?.slice(n * 256, n * 256 + width) ?? [];
  }
}

/** Entries `0` to `count - 1`, each its number as text. */
export function numberedEntries(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, at) => new TextEncoder().encode(String(at)));
}

/** MTH of RFC 6962 section 2.1 as it is written there, with another SHA-256 than the code's. */
export function naiveRoot(entries: readonly Uint8Array[]): Uint8Array {
  const [only] = entries;
  if (only === undefined) return nodeSha256(new Uint8Array(0));
  if (entries.length === 1) return nodeSha256(Uint8Array.of(0, ...only));
  let split = 1;
  while (split * 2 < entries.length) split *= 2;
  const left = naiveRoot(entries.slice(0, split));
  return nodeSha256(Uint8Array.of(1, ...left, ...naiveRoot(entries.slice(split))));
}

export function nodeSha256(data: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(data).digest());
}

/** The same bytes with one bit the other way round. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  const at = Math.floor(bit / 8);
  flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit % 8));
  return flipped;
}

/** A signer by `node:crypto` from a 32-byte Ed25519 seed (RFC 8032), and its public key. */
export function signerOf(
  name: string,
  seed: Uint8Array,
): { signer: NoteSigner; publicKey: Uint8Array } {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  const publicKey = Uint8Array.from(Buffer.from(x ?? '', 'base64url'));
  const signer: NoteSigner = {
    name,
    keyId: noteKeyId(name, publicKey),
    sign: async (text) => Uint8Array.from(sign(null, text, key)),
  };
  return { signer, publicKey };
}

/** Ed25519 verification by `node:crypto`. */
export const nodeVerifyEd25519: VerifyEd25519 = (publicKey, message, signature) => {
  const x = Buffer.from(publicKey).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return verify(null, message, key, signature);
};
