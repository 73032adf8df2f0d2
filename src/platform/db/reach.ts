import { DomainError } from '../../domain/errors.ts';
import { isUlid } from '../../domain/ids.ts';
import type { Reach } from './transaction.ts';

/**
 * The statements that row-level security goes by, for the rest of a transaction. Refuses with
 * `not-found` what is no tenant's id.
 */
export function settingsOf(reach: string | Reach): string {
  const { tenantId, clearance } =
    typeof reach === 'string' ? { tenantId: reach, clearance: '' } : reach;
  // Both go into the text of a query, so nothing but a ULID and a word may come this far.
  if (!isUlid(tenantId)) throw new DomainError('not-found', 'there is no such tenant');
  if (!/^[a-z]*$/.test(clearance)) throw new Error('a clearance is a word');
  return `SET LOCAL lapse.tenant = '${tenantId}'; SET LOCAL lapse.clearance = '${clearance}';`;
}
