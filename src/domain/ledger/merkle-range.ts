/** A complete subtree: the `2^height` leaves from `index * 2^height` on. */
export interface Subtree {
  readonly height: number;
  readonly index: number;
}

/** The leaves from `begin` up to, not including, `end`. */
export interface LeafRange {
  readonly begin: number;
  readonly end: number;
}

/**
 * The largest complete subtrees that make up a range, left to right. Where `begin` is a multiple
 * of the largest of them (as in every proof), hashing them together from the right gives the
 * range's RFC 6962 hash.
 */
export function coverRange(begin: number, end: number): Subtree[] {
  assertSize(end);
  const subtrees: Subtree[] = [];
  for (let at = begin; at < end; ) {
    let height = 0;
    let width = 1;
    while (at % (width * 2) === 0 && at + width * 2 <= end) {
      width *= 2;
      height += 1;
    }
    subtrees.push({ height, index: at / width });
    at += width;
  }
  return subtrees;
}

/**
 * The ranges whose hashes are the inclusion proof of a leaf, from its sibling up to the root's
 * child. Source: RFC 6962 section 2.1.1 (PATH).
 * @throws RangeError where the leaf lies outside the tree.
 */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  assertSize(size);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new RangeError(`index ${index} is not in a tree of size ${size}`);
  }
  const ranges: LeafRange[] = [];
  let begin = 0;
  let end = size;
  while (end - begin > 1) {
    const middle = begin + splitPoint(end - begin);
    if (index < middle) {
      ranges.push({ begin: middle, end });
      end = middle;
    } else {
      ranges.push({ begin, end: middle });
      begin = middle;
    }
  }
  return ranges.reverse();
}

/**
 * The ranges whose hashes are the consistency proof between two sizes of one log; none where the
 * sizes are equal or the older is 0. Source: RFC 6962 section 2.1.2 (PROOF, SUBPROOF).
 * @throws RangeError where the older size exceeds the newer.
 */
export function consistencyRanges(oldSize: number, newSize: number): LeafRange[] {
  assertSize(oldSize);
  assertSize(newSize);
  if (oldSize > newSize) throw new RangeError(`size ${oldSize} lies after size ${newSize}`);
  const ranges: LeafRange[] = [];
  if (oldSize === 0 || oldSize === newSize) return ranges;
  let begin = 0;
  let end = newSize;
  while (oldSize !== end) {
    const middle = begin + splitPoint(end - begin);
    if (oldSize <= middle) {
      ranges.push({ begin: middle, end });
      end = middle;
    } else {
      ranges.push({ begin, end: middle });
      begin = middle;
    }
  }
  // The verifier knows the old root: a last subtree that is the whole old tree is left out.
  if (begin > 0) ranges.push({ begin, end });
  return ranges.reverse();
}

/** @throws RangeError unless the value is an integer from 0 to 2^53 - 1. */
export function assertSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new RangeError(`a tree size is an integer from 0 to 2^53 - 1, not ${size}`);
  }
}

/** The largest power of two below `width`, which is at least 2. */
function splitPoint(width: number): number {
  let split = 1;
  while (split * 2 < width) split *= 2;
  return split;
}
