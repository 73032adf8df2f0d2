import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LedgerFormatError } from './format-error.ts';
import { formatTilePath, parseTilePath, tilesForSize, tileWidth } from './tile.ts';
import {
  decodeEntryBundle,
  decodeHashTile,
  encodeEntryBundle,
  encodeHashTile,
  MAX_ENTRY_BYTES,
} from './tile-bytes.ts';

const anyTile = fc.record({
  level: fc.oneof(fc.constant('entries' as const), fc.integer({ min: 0, max: 63 })),
  n: fc.maxSafeNat(),
  width: fc.integer({ min: 1, max: 256 }),
});

describe('tile paths', () => {
  it.each([
    [{ level: 0, n: 0, width: 256 }, 'tile/0/000'],
    [{ level: 0, n: 1_234_067, width: 256 }, 'tile/0/x001/x234/067'],
    [{ level: 2, n: 1_000, width: 1 }, 'tile/2/x001/000.p/1'],
    [{ level: 'entries' as const, n: 273, width: 112 }, 'tile/entries/273.p/112'],
    [{ level: 63, n: 999, width: 255 }, 'tile/63/999.p/255'],
  ])('writes and reads %j as %s', (tile, path) => {
    expect(formatTilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual(tile);
  });

  it('reads what it writes', () => {
    fc.assert(
      fc.property(anyTile, (tile) => {
        expect(parseTilePath(formatTilePath(tile))).toEqual(tile);
      }),
    );
  });

  it.each([
    '',
    '/tile/0/000',
    'tile/0/0',
    'tile/0/00',
    'tile/0/1000',
    'tile/0/x000/001',
    'tile/0/001/000',
    'tile/0/x001',
    'tile/0/x001/x000',
    'tile/00/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/000.p/',
    'tile/0/000\n',
    'tile/0/../000',
    'tile/0/x009/x007/x199/x254/x740/992',
    'tile/data/000',
  ])('refuses %j', (path) => {
    expect(() => parseTilePath(path)).toThrow(LedgerFormatError);
  });

  it.each([
    { level: 64, n: 0, width: 1 },
    { level: 1.5, n: 0, width: 1 },
    { level: 0, n: -1, width: 1 },
    { level: 0, n: 0, width: 0 },
    { level: 0, n: 0, width: 257 },
  ])('does not write %j', (tile) => {
    expect(() => formatTilePath(tile)).toThrow(RangeError);
  });
});

describe('the tiles of a tree', () => {
  it('are those of the example in the standard', () => {
    const tiles = tilesForSize(70_000);
    const full = (level: number) =>
      tiles.filter((t) => t.level === level && t.width === 256).length;
    expect([full(0), full(1), full(2)]).toEqual([273, 1, 0]);
    expect(tiles.filter((tile) => tile.width < 256)).toEqual([
      { level: 0, n: 273, width: 112 },
      { level: 1, n: 1, width: 17 },
      { level: 2, n: 0, width: 1 },
    ]);
    expect(tilesForSize(256)).toEqual([
      { level: 0, n: 0, width: 256 },
      { level: 1, n: 0, width: 1 },
    ]);
    expect(tilesForSize(0)).toEqual([]);
  });

  it('since a smaller size are those that are new or wider', () => {
    fc.assert(
      fc.property(fc.nat(200_000), fc.nat(200_000), (one, two) => {
        const [since, size] = one < two ? [one, two] : [two, one];
        const grown = tilesForSize(size).filter(
          ({ level, n, width }) => level !== 'entries' && width > tileWidth(level, n, since),
        );
        expect(tilesForSize(size, since)).toEqual(grown);
      }),
      { numRuns: 40 },
    );
  });
});

describe('tile bytes', () => {
  const hash = (byte: number) => new Uint8Array(32).fill(byte);

  it('keep hashes', () => {
    const bytes = encodeHashTile([hash(1), hash(2)]);
    expect(bytes.length).toBe(64);
    expect(decodeHashTile(bytes, 2)).toEqual([hash(1), hash(2)]);
    expect(() => decodeHashTile(bytes, 1)).toThrow(LedgerFormatError);
    expect(() => encodeHashTile([hash(1).slice(1)])).toThrow(RangeError);
    expect(() => encodeHashTile([])).toThrow(RangeError);
  });

  it('keep entries, each after its length in big-endian', () => {
    const bytes = encodeEntryBundle([Uint8Array.of(7, 8), new Uint8Array(0), new Uint8Array(258)]);
    expect([...bytes.slice(0, 8)]).toEqual([0, 2, 7, 8, 0, 0, 1, 2]);
    fc.assert(
      fc.property(fc.array(fc.uint8Array(), { minLength: 1, maxLength: 256 }), (entries) => {
        const padded = Buffer.concat([Buffer.alloc(1), encodeEntryBundle(entries)]).subarray(1);
        const decoded = decodeEntryBundle(padded, entries.length);
        expect(decoded.map((entry) => [...entry])).toEqual(entries.map((entry) => [...entry]));
      }),
    );
  });

  it('refuse an entry too long, a bundle too wide, cut short or with more in it', () => {
    const longest = new Uint8Array(MAX_ENTRY_BYTES);
    expect(decodeEntryBundle(encodeEntryBundle([longest]), 1)).toEqual([longest]);
    expect(() => encodeEntryBundle([new Uint8Array(MAX_ENTRY_BYTES + 1)])).toThrow(RangeError);
    expect(() => encodeEntryBundle(new Array(257).fill(hash(0)))).toThrow(RangeError);
    const bytes = encodeEntryBundle([hash(1), hash(2)]);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeEntryBundle(bytes.slice(0, length), 2)).toThrow(LedgerFormatError);
    }
    expect(() => decodeEntryBundle(bytes, 1)).toThrow(LedgerFormatError);
    expect(() => decodeEntryBundle(bytes, 3)).toThrow(LedgerFormatError);
    expect(() => decodeEntryBundle(bytes, 0)).toThrow(RangeError);
  });
});
