import { equalBytes } from './encoding.ts';
import { areHashes, emptyRoot, nodeHash, type Sha256 } from './hash.ts';

/** A statement that a leaf is in a tree. Hashes are 32 bytes, indexes and sizes below 2^53. */
export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  /** The RFC 6962 leaf hash, not the entry. */
  readonly leaf: Uint8Array;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** A statement that one tree extends another. Hashes are 32 bytes, sizes below 2^53. */
export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly newSize: number;
  readonly oldRoot: Uint8Array;
  readonly newRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/**
 * Whether the proof shows the leaf in the tree. Malformed claims are false, never an error; a
 * proof with one hash too many or too few is false.
 * Source: RFC 9162 section 2.1.3.2 (the same tree as RFC 6962).
 */
export function verifyInclusion(claim: InclusionClaim, digest?: Sha256): boolean {
  const { index, size, leaf, root, proof } = claim;
  if (!isSize(index) || !isSize(size) || index >= size) return false;
  if (!areHashes([leaf, root, ...proof])) return false;
  const path = new Path(index, size - 1);
  let hash = leaf;
  for (const sibling of proof) {
    if (path.ended) return false;
    hash = path.climb() ? nodeHash(sibling, hash, digest) : nodeHash(hash, sibling, digest);
  }
  return path.ended && equalBytes(hash, root);
}

/**
 * Whether the proof shows that the new tree extends the old one. Malformed claims are false,
 * never an error.
 *
 * From size 0 there are two readings. RFC 6962 defines no proof from the empty tree, and RFC 9162
 * verifiers (transparency-dev/merkle among them) refuse such a claim, because every tree extends
 * the empty one and so nothing is shown. The C2SP witness protocol starts there, with an empty
 * proof. This accepts the second alone: an empty proof, and the old root that of the empty tree.
 * Who wants the first refuses `oldSize === 0` beforehand; a trusted checkpoint of size 0 pins
 * nothing.
 * Source: RFC 9162 section 2.1.4.2; C2SP tlog-witness.
 */
export function verifyConsistency(claim: ConsistencyClaim, digest?: Sha256): boolean {
  const { oldSize, newSize, oldRoot, newRoot, proof } = claim;
  if (!isSize(oldSize) || !isSize(newSize) || oldSize > newSize) return false;
  if (!areHashes([oldRoot, newRoot, ...proof])) return false;
  if (oldSize === 0 && !equalBytes(oldRoot, emptyRoot(digest))) return false;
  if (oldSize === newSize) return proof.length === 0 && equalBytes(oldRoot, newRoot);
  if (oldSize === 0) return proof.length === 0;
  const path = new Path(oldSize - 1, newSize - 1);
  path.skipRightEdge();
  // Where the old tree is one complete subtree, its root starts the proof and is left out of it.
  const [start, ...rest] = path.index === 0 ? [oldRoot, ...proof] : proof;
  if (start === undefined) return false;
  let old = start;
  let grown = start;
  for (const sibling of rest) {
    if (path.ended) return false;
    if (path.climb()) {
      old = nodeHash(sibling, old, digest);
      grown = nodeHash(sibling, grown, digest);
    } else {
      grown = nodeHash(grown, sibling, digest);
    }
  }
  return path.ended && equalBytes(old, oldRoot) && equalBytes(grown, newRoot);
}

/** The way from a node to the root: its index and the last index of its level (`fn`, `sn`). */
class Path {
  index: number;
  #last: number;

  constructor(index: number, last: number) {
    this.index = index;
    this.#last = last;
  }

  get ended(): boolean {
    return this.#last === 0;
  }

  /** Goes up past one sibling; true where that sibling lies to the left. */
  climb(): boolean {
    const fromLeft = this.index % 2 === 1 || this.index === this.#last;
    if (fromLeft) {
      // The last node of a level with no right sibling rises unhashed until it is a right child.
      while (this.index % 2 === 0 && this.index !== 0) this.#up();
    }
    this.#up();
    return fromLeft;
  }

  /** Goes up to the largest complete subtree that ends with this node. */
  skipRightEdge(): void {
    while (this.index % 2 === 1) this.#up();
  }

  #up(): void {
    this.index = Math.floor(this.index / 2);
    this.#last = Math.floor(this.#last / 2);
  }
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
