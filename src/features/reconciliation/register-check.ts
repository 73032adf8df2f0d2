import { grantDigest } from '../../domain/enforcement/grant-digest.ts';
import type { FindingState } from '../../domain/reconciliation/finding.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import type { ReconciliationParts } from './reconciliation-parts.ts';

/**
 * Whether an exception in force allows exactly what a finding shows: it may have come since somebody
 * ordered the removal, and then nothing is taken away.
 */
export async function isRegistered(
  tx: Transaction,
  { grants }: Pick<ReconciliationParts, 'grants'>,
  tenantId: string,
  { spec }: FindingState,
): Promise<boolean> {
  const question = { digests: [grantDigest(spec)], marks: [], subjects: [] };
  const found = await grants.find(tx, tenantId, question);
  return found.some(({ wanted }) => wanted.presence === 'present');
}
