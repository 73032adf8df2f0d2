import type { Scalar } from 'yaml';
import type { RecordReading } from './record-reading.ts';

const INTEGER = /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/;

/** Escapes can make what may not stand in the file itself: "\0", or half of a character. */
const REFUSED = /[[\p{Cc}\p{Cs}\uFFFE\uFFFF]--[\t\n\r\u0085]]/v;

/** The value of a scalar under YAML's core schema, less the numbers that JSON cannot hold. */
export function readScalar(node: Scalar.Parsed, reading: RecordReading): unknown {
  const offset = node.range[0];
  const { value, source } = node;
  if (typeof value === 'string') return readText(value, node, reading);
  if (typeof value !== 'number') return value;
  if (!Number.isFinite(value)) {
    reading.refuse(
      `${source} is not a number that a record can hold. Quote it if it is text.`,
      offset,
    );
    return null;
  }
  if (!Number.isSafeInteger(value) && INTEGER.test(source)) {
    reading.refuse(
      `${source} is too large for an exact number. Quote it: "${source}". Numbers go up to ${Number.MAX_SAFE_INTEGER}.`,
      offset,
    );
  }
  return value;
}

/** A text, refused when escapes put characters into it that no store or terminal should get. */
export function readText(value: string, node: Scalar.Parsed, reading: RecordReading): string {
  const at = node.type === 'QUOTE_DOUBLE' ? value.search(REFUSED) : -1;
  if (at !== -1) {
    const code = value.charCodeAt(at);
    const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
    const what =
      code >= 0xd800 && code <= 0xdfff
        ? `half of a character (${name}); write both halves or the character itself`
        : `the control character ${name}; remove it`;
    reading.refuse(`This text has an escape for ${what}.`, node.range[0]);
  }
  return value;
}
