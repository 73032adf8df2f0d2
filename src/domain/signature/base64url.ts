import { decodeBase64, encodeBase64 } from '../ledger/encoding.ts';
import { LedgerFormatError } from '../ledger/format-error.ts';

/** Base64url without padding (RFC 4648 section 5), as WebAuthn uses it. */
export function encodeBase64url(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The bytes of base64url in its one canonical spelling; undefined for any other text. */
export function decodeBase64url(text: string): Uint8Array | undefined {
  if (!/^[\w-]*$/.test(text)) return undefined;
  const standard = text.replaceAll('-', '+').replaceAll('_', '/');
  try {
    return decodeBase64(standard.padEnd(Math.ceil(text.length / 4) * 4, '='));
  } catch (error) {
    if (error instanceof LedgerFormatError) return undefined;
    throw error;
  }
}
