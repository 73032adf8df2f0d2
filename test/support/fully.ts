import { FULL_CLEARANCE } from '../../src/domain/access/clearance.ts';

/** A tenant with everything that is in it. */
export function fully(tenantId: string) {
  return { tenantId, clearance: FULL_CLEARANCE };
}
