/** A sequence that the bytes at hand begin but do not end. */
export const INCOMPLETE = -1;

/**
 * The length of the UTF-8 sequence at `at`, 0 where there is none, {@link INCOMPLETE} where the
 * bytes end inside of it. Overlong forms, surrogates and anything beyond U+10FFFF are none
 * (Unicode 16, table 3-7).
 */
export function measureSequence(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  const length = lead >= 0xf5 || lead < 0xc2 ? 0 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  for (let i = 1; i < length; i += 1) {
    const next = bytes[at + i];
    if (next === undefined) return INCOMPLETE;
    const low = i > 1 ? 0x80 : lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const high = i > 1 ? 0xbf : lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (next < low || next > high) return 0;
  }
  return length;
}

/** The index of the first byte that is not UTF-8 or belongs to an unfinished sequence. */
export function findInvalidByte(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const length = measureSequence(bytes, at);
    if (length <= 0) return at;
    at += length;
  }
  return at;
}
