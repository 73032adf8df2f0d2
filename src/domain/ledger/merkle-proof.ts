import { nodeHash, type Sha256 } from './hash.ts';
import { MerkleFrontier } from './merkle-frontier.ts';
import { consistencyRanges, coverRange, inclusionRanges, type LeafRange } from './merkle-range.ts';
import { readSubtrees, type TileReader } from './tile-reader.ts';

/**
 * The proof that leaf `index` is in the tree of the first `size` leaves: 32-byte hashes from the
 * leaf's sibling up to the root's child. Reads at most two tiles a tile level.
 * Source: RFC 6962 section 2.1.1.
 * @throws RangeError where the leaf lies outside the tree or a tile is short.
 */
export async function inclusionProof(
  tiles: TileReader,
  index: number,
  size: number,
  digest?: Sha256,
): Promise<Uint8Array[]> {
  return rangeHashes(tiles, size, inclusionRanges(index, size), digest);
}

/**
 * The proof that the tree of `newSize` leaves extends the one of `oldSize`; empty where the sizes
 * are equal or the older is 0. Reads at most two tiles a tile level.
 * Source: RFC 6962 section 2.1.2.
 * @throws RangeError where the older size exceeds the newer or a tile is short.
 */
export async function consistencyProof(
  tiles: TileReader,
  oldSize: number,
  newSize: number,
  digest?: Sha256,
): Promise<Uint8Array[]> {
  return rangeHashes(tiles, newSize, consistencyRanges(oldSize, newSize), digest);
}

/** The Merkle tree head of the first `size` leaves, from stored tiles. */
export async function treeHead(
  tiles: TileReader,
  size: number,
  digest?: Sha256,
): Promise<Uint8Array> {
  return (await MerkleFrontier.fromTiles(tiles, size, digest)).root();
}

async function rangeHashes(
  tiles: TileReader,
  size: number,
  ranges: readonly LeafRange[],
  digest?: Sha256,
): Promise<Uint8Array[]> {
  const covers = ranges.map(({ begin, end }) => coverRange(begin, end));
  const roots = await readSubtrees(tiles, size, covers.flat(), digest);
  let taken = 0;
  return covers.map((cover) => {
    const parts = roots.slice(taken, taken + cover.length);
    taken += cover.length;
    return parts.reduceRight((right, left) => nodeHash(left, right, digest));
  });
}
