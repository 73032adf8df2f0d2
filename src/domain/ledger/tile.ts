import { LedgerFormatError } from './format-error.ts';
import { assertSize } from './merkle-range.ts';

/** Hashes in a full tile, entries in a full bundle. Source: C2SP tlog-tiles. */
export const TILE_WIDTH = 256;
/** Levels of the Merkle tree that one tile spans. */
export const TILE_HEIGHT = 8;

/** One tile of hashes, or one bundle of entries, of a log. */
export interface Tile {
  /** 0 to 63 for hashes; `'entries'` for the bundle of entries beside a level 0 tile. */
  readonly level: number | 'entries';
  /** Position within the level, counted from 0. */
  readonly n: number;
  /** Hashes or entries in it: 1 to 255 where partial, 256 where full. */
  readonly width: number;
}

/**
 * The path of a tile below the log's prefix, without a leading slash: `tile/<L>/<N>[.p/<W>]`, with
 * `N` in three-digit elements (1234067 is `x001/x234/067`). Source: C2SP tlog-tiles.
 * @throws RangeError where level, position or width is out of range.
 */
export function formatTilePath(tile: Tile): string {
  const { level, n, width } = tile;
  assertSize(n);
  if (level !== 'entries' && !(Number.isInteger(level) && level >= 0 && level <= 63)) {
    throw new RangeError(`a tile level is 0 to 63, not ${level}`);
  }
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH) {
    throw new RangeError(`a tile width is 1 to ${TILE_WIDTH}, not ${width}`);
  }
  const digits = String(n);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const elements = padded.match(/.{3}/g) ?? [];
  const path = elements.map((part, at) => (at < elements.length - 1 ? `x${part}` : part));
  const partial = width < TILE_WIDTH ? `.p/${width}` : '';
  return `tile/${level}/${path.join('/')}${partial}`;
}

const TILE_PATH = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/;

/**
 * Reads a tile path in its one canonical spelling.
 * @throws {@link LedgerFormatError} for any other text.
 */
export function parseTilePath(path: string): Tile {
  const [, level, n, width] = TILE_PATH.exec(path) ?? [];
  if (level !== undefined && n !== undefined) {
    const tile: Tile = {
      level: level === 'entries' ? level : Number(level),
      n: Number(n.replace(/[x/]/g, '')),
      width: width === undefined ? TILE_WIDTH : Number(width),
    };
    if (isWritable(tile) && formatTilePath(tile) === path) return tile;
  }
  throw new LedgerFormatError('not a tile path: tile/<L>/<N>[.p/<W>], as C2SP tlog-tiles has it');
}

/** Hashes that tile `n` of a level holds in a tree of `size` leaves: 0 (no such tile) to 256. */
export function tileWidth(level: number, n: number, size: number): number {
  const hashes = Math.floor(size / TILE_WIDTH ** level);
  return Math.max(0, Math.min(TILE_WIDTH, hashes - n * TILE_WIDTH));
}

/**
 * The tiles of hashes of a tree of `size` leaves, lowest level first; with `since`, those alone
 * that the tree of that smaller size lacks or holds narrower. Level 0 doubles as the list of
 * entry bundles. Source: C2SP tlog-tiles, "Partial Tiles".
 */
export function tilesForSize(size: number, since = 0): Tile[] {
  assertSize(size);
  assertSize(since);
  const tiles: Tile[] = [];
  for (let level = 0; Math.floor(size / TILE_WIDTH ** level) > 0; level += 1) {
    const span = TILE_WIDTH ** (level + 1);
    for (let n = Math.floor(since / span); tileWidth(level, n, size) > 0; n += 1) {
      const width = tileWidth(level, n, size);
      if (width > tileWidth(level, n, since)) tiles.push({ level, n, width });
    }
  }
  return tiles;
}

function isWritable({ level, n, width }: Tile): boolean {
  const levelFits = level === 'entries' || level <= 63;
  return levelFits && Number.isSafeInteger(n) && width >= 1 && width <= TILE_WIDTH;
}
