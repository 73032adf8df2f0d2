import { bytesToHex } from '@noble/hashes/utils.js';
import { canonicalBytes } from '../ledger/canonical.ts';
import { portableSha256 } from '../ledger/hash.ts';
import type { Policy } from './policy.ts';

const known = new WeakMap<Policy, string>();

/** What tells one pack from every other: `sha256:` and the SHA-256 of its canonical JSON, in hex. */
export function policyDigest(policy: Policy): string {
  const before = known.get(policy);
  if (before !== undefined) return before;
  const digest = `sha256:${bytesToHex(portableSha256(canonicalBytes(policy)))}`;
  known.set(policy, digest);
  return digest;
}

/**
 * A pack that is kept under a digest, as this release reads it: keys that came after it have their
 * defaults, which its digest knows nothing of.
 */
export function knownAs(digest: string, policy: Policy): Policy {
  known.set(policy, digest);
  return policy;
}
