import { LedgerFormatError } from './format-error.ts';
import { areHashes, emptyRoot, HASH_BYTES, nodeHash, portableSha256, type Sha256 } from './hash.ts';
import { coverRange } from './merkle-range.ts';
import { readSubtrees, type TileReader } from './tile-reader.ts';

/**
 * A hash that an append completed and that belongs into a stored tile above level 0: the root of
 * a full tile of `level - 1`. It is hash `index % 256` of tile `floor(index / 256)` at `level`.
 */
export interface UpperHash {
  /** Tile level, 1 and up. */
  readonly level: number;
  /** Position among all hashes of that level, counted from 0. */
  readonly index: number;
  readonly hash: Uint8Array;
}

const NONE: readonly UpperHash[] = Object.freeze([]);
const SIZE_BYTES = 8;

/**
 * The right edge of a Merkle tree: the roots of its complete subtrees, largest first. It holds at
 * most one hash for each bit of the size, and is all that appending and the tree head need.
 * Source: RFC 6962 section 2.1; the compact ranges of transparency-dev/merkle.
 */
export class MerkleFrontier {
  readonly #digest: Sha256;
  readonly #roots: Uint8Array[];
  #size: number;

  private constructor(size: number, roots: Uint8Array[], digest: Sha256) {
    this.#size = size;
    this.#roots = roots;
    this.#digest = digest;
  }

  /** The frontier of the empty tree. */
  static empty(digest: Sha256 = portableSha256): MerkleFrontier {
    return new MerkleFrontier(0, [], digest);
  }

  /**
   * Restores what {@link MerkleFrontier.toBytes} wrote.
   * @throws {@link LedgerFormatError} where the length does not fit the size.
   */
  static fromBytes(bytes: Uint8Array, digest: Sha256 = portableSha256): MerkleFrontier {
    if (bytes.length < SIZE_BYTES) throw new LedgerFormatError('a frontier begins with 8 bytes');
    const size = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0));
    if (!Number.isSafeInteger(size))
      throw new LedgerFormatError('the size of a frontier is below 2^53');
    const count = coverRange(0, size).length;
    if (bytes.length !== SIZE_BYTES + count * HASH_BYTES) {
      throw new LedgerFormatError(`a frontier of size ${size} holds ${count} hashes`);
    }
    const roots = Array.from({ length: count }, (_, at) => {
      const start = SIZE_BYTES + at * HASH_BYTES;
      return Uint8Array.from(bytes.subarray(start, start + HASH_BYTES));
    });
    return new MerkleFrontier(size, roots, digest);
  }

  /** The frontier of the tree's first `size` leaves, from stored tiles: O(log size) of them. */
  static async fromTiles(
    tiles: TileReader,
    size: number,
    digest: Sha256 = portableSha256,
  ): Promise<MerkleFrontier> {
    const roots = await readSubtrees(tiles, size, coverRange(0, size), digest);
    return new MerkleFrontier(size, roots, digest);
  }

  /** Number of leaves. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds one leaf hash (not the entry: see `leafHash`). Amortised one node hash.
   * @returns the hashes to store above level 0, lowest level first; mostly none.
   */
  append(leaf: Uint8Array): readonly UpperHash[] {
    if (!areHashes([leaf])) throw new RangeError('a leaf hash is 32 bytes');
    let completed: UpperHash[] | undefined;
    let hash = leaf;
    let index = this.#size;
    // Each trailing one of the old size is a subtree that this leaf completes a sibling for.
    for (let height = 1; index % 2 === 1; height += 1) {
      const left = this.#roots.pop();
      if (left === undefined) throw new RangeError('the frontier holds too few hashes');
      hash = nodeHash(left, hash, this.#digest);
      index = (index - 1) / 2;
      if (height % 8 === 0) {
        completed ??= [];
        completed.push({ level: height / 8, index, hash });
      }
    }
    this.#roots.push(hash);
    this.#size += 1;
    return completed ?? NONE;
  }

  /** The Merkle tree head of all leaves so far: 32 bytes. */
  root(): Uint8Array {
    return this.#roots.length === 0
      ? emptyRoot(this.#digest)
      : this.#roots.reduceRight((right, left) => nodeHash(left, right, this.#digest));
  }

  /** The size as 8 big-endian bytes, then the hashes of the complete subtrees, largest first. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(SIZE_BYTES + this.#roots.length * HASH_BYTES);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(this.#size));
    this.#roots.forEach((root, at) => {
      bytes.set(root, SIZE_BYTES + at * HASH_BYTES);
    });
    return bytes;
  }
}
