import { LedgerFormatError } from './format-error.ts';

const encoder = new TextEncoder();

/** The UTF-8 bytes of a text. A lone surrogate would become U+FFFD: check the text first. */
export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * The text of UTF-8 bytes, a byte order mark kept as the character it is.
 * @throws {@link LedgerFormatError} where the bytes are not UTF-8.
 */
export function utf8Text(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new LedgerFormatError('the bytes are not valid UTF-8');
  }
}

/** Standard base64 with padding (RFC 4648 section 4), as every C2SP format uses. */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/**
 * Reads standard base64 in its one canonical spelling: padding present, unused bits zero, no white
 * space. Two spellings of one signature would make notes malleable.
 * @throws {@link LedgerFormatError} for any other spelling.
 */
export function decodeBase64(text: string): Uint8Array {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw new LedgerFormatError('not standard base64');
  }
  if (btoa(binary) !== text) throw new LedgerFormatError('not canonical base64');
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

/**
 * Reads a decimal without leading zeros, at most 2^53 - 1 (sizes and indexes are JS numbers here).
 * @throws {@link LedgerFormatError} for anything else; `what` names it in the message.
 */
export function parseDecimal(text: string, what: string): number {
  const value = Number(text);
  if (!/^(0|[1-9][0-9]*)$/.test(text) || !Number.isSafeInteger(value)) {
    throw new LedgerFormatError(
      `${what} must be a decimal without leading zeros, at most 2^53 - 1`,
    );
  }
  return value;
}

/** Whether two byte strings are equal. Not constant time: nothing here is secret. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}
