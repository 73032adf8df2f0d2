import canonicalize from 'canonicalize';
import { utf8Bytes } from './encoding.ts';

/** A value that has no canonical JSON; the message names where (`$.a[0]`) and why. */
export class NotCanonicalError extends Error {
  override readonly name = 'NotCanonicalError';
}

/** Deeper nesting is refused; a cycle shows up as this too. */
const MAX_DEPTH = 100;

/**
 * The canonical JSON of a value: one spelling for one value, so that hashes agree.
 * Source: RFC 8785 (JCS). Beyond it this refuses what would be dropped, altered or not stored:
 * undefined, NaN, infinities, bigint, functions, symbols, class instances, holes in arrays, lone
 * surrogates (RFC 7493) and NUL (PostgreSQL text cannot hold it). Negative zero is written as 0.
 * @throws {@link NotCanonicalError}
 */
export function canonicalJson(value: unknown): string {
  assertCanonical(value, '$', 0);
  const text = canonicalize(value);
  if (text === undefined) throw new NotCanonicalError('$ has no JSON form');
  return text;
}

/** The UTF-8 bytes of {@link canonicalJson}: what is hashed and stored. */
export function canonicalBytes(value: unknown): Uint8Array {
  return utf8Bytes(canonicalJson(value));
}

function assertCanonical(value: unknown, path: string, depth: number): void {
  if (depth > MAX_DEPTH) throw new NotCanonicalError(`${path} is nested too deep, or in a cycle`);
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'string') assertText(value, path);
  else if (typeof value === 'number') assertFinite(value, path);
  else if (typeof value !== 'object') {
    throw new NotCanonicalError(`${path} is ${typeof value}: JSON has no form for it`);
  } else if (Array.isArray(value)) {
    // By index: forEach would skip holes, which then become null unseen.
    for (let at = 0; at < value.length; at += 1) {
      assertCanonical(value[at], `${path}[${at}]`, depth + 1);
    }
  } else {
    assertPlain(value, path);
    for (const [key, member] of Object.entries(value)) {
      assertText(key, `a key of ${path}`);
      assertCanonical(member, `${path}.${key}`, depth + 1);
    }
  }
}

function assertFinite(value: number, path: string): void {
  if (!Number.isFinite(value)) {
    throw new NotCanonicalError(`${path} is ${value}: JSON has finite numbers alone`);
  }
}

function assertPlain(value: object, path: string): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  // A JSON object of another realm (an iframe, a test sandbox) has a prototype without parent.
  const plain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (!plain || Object.getOwnPropertySymbols(value).length > 0) {
    throw new NotCanonicalError(`${path} is not a plain object`);
  }
}

function assertText(text: string, path: string): void {
  if (!text.isWellFormed()) throw new NotCanonicalError(`${path} holds a lone surrogate`);
  if (text.includes('\0')) throw new NotCanonicalError(`${path} holds NUL`);
}
