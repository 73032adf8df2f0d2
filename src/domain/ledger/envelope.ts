import { bytesToHex } from '@noble/hashes/utils.js';
import { formatInstant, parseInstant } from '../schedule/instant.ts';
import { canonicalBytes } from './canonical.ts';
import { equalBytes, utf8Text } from './encoding.ts';
import { LedgerFormatError } from './format-error.ts';
import { portableSha256, type Sha256 } from './hash.ts';

/**
 * What a leaf of the tree says about one event: that it happened, never what it said. No free text
 * and no personal data: a leaf stays for ever and is public, the payload does neither.
 */
export interface Envelope {
  /** Version of this format. */
  readonly v: 1;
  readonly event_id: string;
  /** `<type>:<id>`, such as `exception:EXC_01…`. */
  readonly stream: string;
  /** Position of the event in its stream, from 1. */
  readonly version: number;
  /** Event type, such as `ExceptionSubmitted`. */
  readonly type: string;
  /** RFC 3339, UTC, to the millisecond: `2026-01-31T09:00:00.000Z`. */
  readonly at: string;
  /** Opaque id of who acted; never a name or an address. */
  readonly actor_id: string;
  /** See {@link payloadCommitment}: 64 lower-case hexadecimal digits. */
  readonly payload_commitment: string;
}

/** Length in bytes of the random salt of a payload commitment. */
export const SALT_BYTES = 32;

/** Each field and what it holds; printable ASCII alone, and no `@`, so that no address gets in. */
const FIELDS: { readonly [name in keyof Envelope]: (value: unknown) => boolean } = {
  v: (value) => value === 1,
  event_id: matches(/^[!-?A-~]{1,200}$/),
  stream: matches(/^[a-z][a-z_-]{0,49}:[!-?A-~]{1,200}$/),
  version: (value) => Number.isSafeInteger(value) && Number(value) > 0,
  type: matches(/^[A-Za-z][A-Za-z0-9._-]{0,99}$/),
  at: (value) => typeof value === 'string' && isCanonicalInstant(value),
  actor_id: matches(/^[!-?A-~]{1,200}$/),
  payload_commitment: matches(/^[0-9a-f]{64}$/),
};

/**
 * The bytes of an envelope, RFC 8785 canonical JSON: the log's entry. The limits on its fields keep
 * it far below the 65,535 bytes an entry may have. Store the bytes, never rebuild them.
 * @throws LedgerFormatError where a field is missing, unknown or malformed.
 */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  assertEnvelope(envelope);
  return canonicalBytes(envelope);
}

/**
 * Reads an envelope from the exact bytes that {@link encodeEnvelope} writes; any other spelling of
 * the same JSON is refused, and so are duplicate and unknown keys.
 * @throws LedgerFormatError
 */
export function parseEnvelope(bytes: Uint8Array): Envelope {
  const value = parseJson(utf8Text(bytes));
  assertEnvelope(value);
  if (!equalBytes(canonicalBytes(value), bytes)) {
    throw new LedgerFormatError('the envelope is not canonical JSON (RFC 8785)');
  }
  return value;
}

/**
 * Binds an envelope to its payload without revealing it: `SHA-256(salt || payload)` as 64
 * lower-case hexadecimal digits (the form of every digest in the API). The salt is 32 random
 * bytes, new for each event, so that a short payload cannot be guessed from its commitment; once
 * salt and payload are deleted the commitment says nothing.
 * @param canonicalPayload the payload's bytes as stored, from `canonicalBytes`.
 * @throws RangeError where the salt is not 32 bytes.
 */
export function payloadCommitment(
  salt: Uint8Array,
  canonicalPayload: Uint8Array,
  digest: Sha256 = portableSha256,
): string {
  if (salt.length !== SALT_BYTES) throw new RangeError('a salt is 32 bytes');
  const data = new Uint8Array(SALT_BYTES + canonicalPayload.length);
  data.set(salt);
  data.set(canonicalPayload, SALT_BYTES);
  return bytesToHex(digest(data));
}

function assertEnvelope(value: unknown): asserts value is Envelope {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new LedgerFormatError('an envelope is a JSON object');
  }
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(FIELDS, key));
  if (unknown !== undefined) throw new LedgerFormatError('the envelope has an unknown key');
  const fields = new Map(Object.entries(value));
  for (const [name, isValid] of Object.entries(FIELDS)) {
    if (!isValid(fields.get(name))) {
      throw new LedgerFormatError(`the envelope's ${name} is missing or malformed`);
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new LedgerFormatError('the envelope is not JSON');
  }
}

function isCanonicalInstant(text: string): boolean {
  const instant = parseInstant(text);
  return instant !== undefined && formatInstant(instant) === text;
}

function matches(pattern: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === 'string' && pattern.test(value);
}
