import { areHashes, nodeHash, type Sha256 } from './hash.ts';
import type { Subtree } from './merkle-range.ts';
import { TILE_HEIGHT, TILE_WIDTH, tileWidth } from './tile.ts';

/**
 * Where stored tile hashes come from: a table, an HTTP log, files.
 *
 * `readTile(level, n, width)` gives the first `width` hashes (1 to 256) of tile `n` at tile level
 * `level`: leaf hashes at level 0, roots of full tiles of the level below above it. It may give
 * more than `width`, since tiles only ever grow; fewer is an error. Each hash is 32 bytes.
 */
export interface TileReader {
  readTile(
    level: number,
    n: number,
    width: number,
  ): Promise<readonly Uint8Array[]> | readonly Uint8Array[];
}

/**
 * The roots of complete subtrees of a tree of `size` leaves, in the order asked for. Each tile is
 * read once, and all of them at once.
 * @throws RangeError where a tile holds fewer hashes than the size says, or one is not 32 bytes.
 */
export async function readSubtrees(
  tiles: TileReader,
  size: number,
  subtrees: readonly Subtree[],
  digest?: Sha256,
): Promise<Uint8Array[]> {
  const reads = new Map<string, Promise<readonly Uint8Array[]>>();
  return Promise.all(
    subtrees.map(async ({ height, index }) => {
      const level = Math.floor(height / TILE_HEIGHT);
      const count = 2 ** (height % TILE_HEIGHT);
      const n = Math.floor((index * count) / TILE_WIDTH);
      const key = `${level}/${n}`;
      const read = reads.get(key) ?? readWhole(tiles, level, n, size);
      reads.set(key, read);
      const start = index * count - n * TILE_WIDTH;
      return rootOf((await read).slice(start, start + count), digest);
    }),
  );
}

async function readWhole(
  tiles: TileReader,
  level: number,
  n: number,
  size: number,
): Promise<readonly Uint8Array[]> {
  const width = tileWidth(level, n, size);
  const hashes = await tiles.readTile(level, n, width);
  if (hashes.length < width || !areHashes(hashes)) {
    throw new RangeError(`tile ${level}/${n} must hold ${width} hashes of 32 bytes`);
  }
  return hashes;
}

/** The root over a power of two of hashes. */
function rootOf(hashes: readonly Uint8Array[], digest?: Sha256): Uint8Array {
  const [first, ...rest] = hashes;
  if (first === undefined) throw new RangeError('no hashes to combine');
  if (rest.length === 0) return first;
  const half = hashes.length / 2;
  return nodeHash(
    rootOf(hashes.slice(0, half), digest),
    rootOf(hashes.slice(half), digest),
    digest,
  );
}
