import { createHash } from 'node:crypto';
import type { GrantSpec } from '../../domain/enforcement/grant-spec.ts';
import { grantKey } from '../../domain/enforcement/grant-spec.ts';

/** Of Lapse's own: what is named by it was named by nobody else. */
const NAMESPACE = Buffer.from('5c1d3e1f0b7a4c6e9f2d8a4b6c0e1f37', 'hex');

/**
 * The UUID (version 5) of what a grant gives, to whom and where. The same access has the same name
 * whichever record lists it, so that asking twice changes nothing, and a renewal goes on with what
 * stands there (reference/azure.md, fact 4). `more` tells apart what has several names for one grant.
 */
export function nameByKey(spec: GrantSpec, ...more: readonly string[]): string {
  const bytes = createHash('sha1')
    .update(NAMESPACE)
    .update([grantKey(spec), ...more].join('\n'))
    .digest()
    .subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [8, 12, 16, 20, 32]
    .map((end, index) => hex.slice([0, 8, 12, 16, 20][index], end))
    .join('-');
}
