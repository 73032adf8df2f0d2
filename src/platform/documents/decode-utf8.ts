import { isUtf8 } from 'node:buffer';
import { findInvalidByte, INCOMPLETE, measureSequence } from './utf8-sequence.ts';

/** A stretch of text, a byte that is not UTF-8 at this place, or a file in another encoding. */
export type Decoded = { readonly text: string } | { readonly badByte: number } | 'utf-16';

/** Enough to tell a byte order mark or UTF-16 without one. */
const SNIFFED = 4;

/**
 * Decodes UTF-8 piece by piece. TextDecoder refuses a bad byte without saying where it is, so the
 * bytes are checked here and the place is told by order: what precedes a `badByte` was decoded.
 */
export class Utf8Decoder {
  #carried: Uint8Array = new Uint8Array(0);
  #sniffed = false;

  *push(piece: Uint8Array): Generator<Decoded, void> {
    let bytes = piece;
    if (this.#carried.length > 0) {
      bytes = Buffer.concat([this.#carried, piece]);
      this.#carried = new Uint8Array(0);
    }
    if (!this.#sniffed && bytes.length < SNIFFED) {
      // Copied: the source may use its buffer again.
      this.#carried = Uint8Array.from(bytes);
      return;
    }
    yield* this.#decode(bytes, false);
  }

  *end(): Generator<Decoded, void> {
    yield* this.#decode(this.#carried, true);
  }

  *#decode(bytes: Uint8Array, atEnd: boolean): Generator<Decoded, void> {
    let from = 0;
    if (!this.#sniffed) {
      this.#sniffed = true;
      if (isUtf16(bytes)) {
        yield 'utf-16';
        return;
      }
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) from = 3;
    }
    while (from < bytes.length) {
      const rest = bytes.subarray(from);
      const bad = isUtf8(rest) ? bytes.length : findInvalidByte(bytes, from);
      if (bad > from) yield { text: toText(bytes.subarray(from, bad)) };
      if (bad === bytes.length) return;
      if (!atEnd && measureSequence(bytes, bad) === INCOMPLETE) {
        this.#carried = Uint8Array.from(bytes.subarray(bad));
        return;
      }
      yield { badByte: bytes[bad] ?? 0 };
      from = bad + 1;
    }
  }
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** A UTF-16 mark, or a zero beside the first character: text in ASCII as UTF-16 without a mark. */
function isUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  if (second === undefined) return false;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  return (first === 0) !== (second === 0);
}
