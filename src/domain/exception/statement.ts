import { bytesToHex } from '@noble/hashes/utils.js';
import { canonicalBytes } from '../ledger/canonical.ts';
import { portableSha256 } from '../ledger/hash.ts';
import { type ExceptionFields, type FieldName, NON_MATERIAL } from './fields.ts';

/**
 * SHA-256 (lower-case hex) of the material fields in canonical JSON: what an approval is bound to.
 * Two records that differ in what is allowed, or in the risk, never have the same digest.
 */
export function statementDigest(fields: ExceptionFields): string {
  const material = Object.entries(fields).filter(([name]) => isMaterial(name as FieldName));
  return bytesToHex(portableSha256(canonicalBytes(Object.fromEntries(material))));
}

/** Whether an edit of the field changes what is approved. */
export function isMaterial(name: FieldName): boolean {
  return !NON_MATERIAL.has(name);
}
