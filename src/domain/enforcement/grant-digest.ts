import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { type GrantSpec, grantKey } from './grant-spec.ts';

/** SHA-256 of what a grant gives, to whom and where, in hexadecimal digits: a key to look it up by. */
export function grantDigest(spec: GrantSpec): string {
  return bytesToHex(sha256(utf8ToBytes(grantKey(spec))));
}
