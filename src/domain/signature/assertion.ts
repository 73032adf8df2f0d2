import { equalBytes, utf8Bytes, utf8Text } from '../ledger/encoding.ts';
import { portableSha256 } from '../ledger/hash.ts';
import { decodeBase64url, encodeBase64url } from './base64url.ts';
import type { PasskeyKey } from './passkey.ts';

/** What a passkey signed, as the ledger keeps it: enough to check it without asking anybody. */
export interface Assertion {
  readonly credential_id: string;
  readonly public_key: PasskeyKey;
  /** The domain that the passkey belongs to. */
  readonly rp_id: string;
  /** The address of the page that asked for it. */
  readonly origin: string;
  /** Base64url, all three as the browser gave them. */
  readonly authenticator_data: string;
  readonly client_data: string;
  readonly signature: string;
}

/** What a key has to have signed; the key itself is checked by {@link VerifySignature}. */
export interface SignedMessage {
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Port: checks a signature as WebAuthn has it (`node:crypto`, or WebCrypto, which takes ECDSA without
 * its DER). It answers false for one that is malformed.
 */
export type VerifySignature = (key: PasskeyKey, signed: SignedMessage) => boolean;

const RP_ID_HASH_BYTES = 32;
/** The hash, a byte of flags, and four of the counter. */
const LEAST_BYTES = RP_ID_HASH_BYTES + 5;
const USER_PRESENT = 0b001;
const USER_VERIFIED = 0b100;

/**
 * Everything of an assertion that takes no key: that it answers this challenge, on this page, for
 * this domain, by somebody whom the device has verified. Answers what has to be signed, or what is
 * wrong with it. Source: Web Authentication Level 3, section 7.2, steps 10 to 20.
 */
export function signedMessage(
  { rp_id, origin, authenticator_data, client_data, signature }: Assertion,
  challenge: Uint8Array,
): SignedMessage | string {
  const clientData = decodeBase64url(client_data);
  const authenticatorData = decodeBase64url(authenticator_data);
  const signed = decodeBase64url(signature);
  if (!clientData || !authenticatorData || !signed)
    return 'the assertion holds what is not base64url';
  const collected = readClientData(clientData);
  if (!collected) return 'the client data is no JSON object';
  if (collected.type !== 'webauthn.get') return 'it is no assertion of a passkey';
  if (collected.challenge !== encodeBase64url(challenge))
    return 'it answers another challenge than that of the statement';
  if (collected.origin !== origin)
    return `it was made on ${String(collected.origin)}, and not on ${origin}`;
  if (collected.crossOrigin === true) return 'it was made inside a page of another site';
  if (authenticatorData.length < LEAST_BYTES) return 'the authenticator data is cut off';
  const rpIdHash = authenticatorData.subarray(0, RP_ID_HASH_BYTES);
  if (!equalBytes(rpIdHash, portableSha256(utf8Bytes(rp_id))))
    return `it belongs to another domain than ${rp_id}`;
  const flags = authenticatorData[RP_ID_HASH_BYTES] ?? 0;
  if (!(flags & USER_PRESENT) || !(flags & USER_VERIFIED))
    return 'the device has not verified who was there (by PIN, finger or face)';
  const message = new Uint8Array([...authenticatorData, ...portableSha256(clientData)]);
  return { message, signature: signed };
}

/** The challenge that an assertion answers, base64url; undefined where the client data cannot be read. */
export function challengeOf(clientData: string): string | undefined {
  const bytes = decodeBase64url(clientData);
  const challenge = bytes && readClientData(bytes)?.challenge;
  return typeof challenge === 'string' ? challenge : undefined;
}

interface ClientData {
  readonly type?: unknown;
  readonly challenge?: unknown;
  readonly origin?: unknown;
  readonly crossOrigin?: unknown;
}

function readClientData(bytes: Uint8Array): ClientData | undefined {
  try {
    const value: unknown = JSON.parse(utf8Text(bytes));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
