import { LedgerFormatError } from './format-error.ts';
import { areHashes, HASH_BYTES } from './hash.ts';
import { TILE_WIDTH } from './tile.ts';

/** The longest entry, in bytes: its length is a uint16. Source: C2SP tlog-tiles, "Log entries". */
export const MAX_ENTRY_BYTES = 65_535;

/**
 * The bytes of a hash tile: 1 to 256 hashes one after another.
 * @throws RangeError where there are none or too many, or one is not 32 bytes.
 */
export function encodeHashTile(hashes: readonly Uint8Array[]): Uint8Array {
  assertWidth(hashes.length);
  if (!areHashes(hashes)) throw new RangeError('a tile holds hashes of 32 bytes');
  return concatenate(hashes);
}

/**
 * The hashes of a tile's bytes.
 * @throws {@link LedgerFormatError} where it does not hold exactly `width` hashes.
 */
export function decodeHashTile(bytes: Uint8Array, width: number): Uint8Array[] {
  assertWidth(width);
  if (bytes.length !== width * HASH_BYTES) {
    throw new LedgerFormatError(`a tile of width ${width} is ${width * HASH_BYTES} bytes`);
  }
  return Array.from({ length: width }, (_, at) =>
    bytes.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  );
}

/**
 * The bytes of an entry bundle: 1 to 256 entries, each after its length as a big-endian uint16.
 * Source: C2SP tlog-tiles, "Log entries".
 * @throws RangeError where there are none or too many, or one exceeds 65,535 bytes.
 */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  assertWidth(entries.length);
  return concatenate(
    entries.flatMap((entry) => {
      if (entry.length > MAX_ENTRY_BYTES) {
        throw new RangeError(`an entry is at most ${MAX_ENTRY_BYTES} bytes, not ${entry.length}`);
      }
      return [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry];
    }),
  );
}

/**
 * The entries of a bundle's bytes.
 * @throws {@link LedgerFormatError} where it is cut short, or does not hold exactly `width` entries.
 */
export function decodeEntryBundle(bytes: Uint8Array, width: number): Uint8Array[] {
  assertWidth(width);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length && entries.length < width) {
    const start = at + 2;
    const end = start <= bytes.length ? start + view.getUint16(at) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) throw new LedgerFormatError('the entry bundle is cut short');
    entries.push(bytes.slice(start, end));
    at = end;
  }
  if (entries.length !== width || at !== bytes.length) {
    throw new LedgerFormatError(`the entry bundle must hold exactly ${width} entries`);
  }
  return entries;
}

function assertWidth(width: number): void {
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH) {
    throw new RangeError(`a tile or bundle holds 1 to ${TILE_WIDTH}, not ${width}`);
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
