import { CLASSIFICATIONS } from '../exception/fields.ts';

/** How data may be classified, the least secret first (000 section 3). */
export type Classification = (typeof CLASSIFICATIONS)[number];

/** Clearance for everything. */
export const FULL_CLEARANCE: Classification = 'confidential';

/** Classifications whose content takes clearance; the others are shown to everybody of the tenant. */
export function isCleared(clearance: Classification, classification: Classification): boolean {
  return CLASSIFICATIONS.indexOf(classification) <= CLASSIFICATIONS.indexOf(clearance);
}
