import { FULL_CLEARANCE } from '../../domain/access/clearance.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';

/** What changes of a directory's people and groups need. */
export interface DirectoryServices {
  readonly db: Database;
  /** Called when what is remembered of a tenant's sessions and tokens holds no longer. */
  readonly forget: (tenantId: string) => void;
  readonly realNow: () => number;
}

/**
 * Runs one change of the groups of a tenant, or of the people whom its directory keeps. One at a
 * time gets through, since the roles of people follow from all groups together; `at` is real time.
 */
export async function changeDirectory<T>(
  { db, forget, realNow }: DirectoryServices,
  tenantId: string,
  work: (tx: Transaction, at: number) => Promise<T>,
): Promise<T> {
  // Whatever somebody who leaves answers for is counted, however it is classified.
  const reach = { tenantId, clearance: FULL_CLEARANCE };
  const result = await db.inTenant(reach, async (tx) => {
    // Before every other lock, so that nobody waits for whoever waits here.
    await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('lapse directory ' || $1, 0))", [
      tenantId,
    ]);
    return work(tx, realNow());
  });
  forget(tenantId);
  return result;
}
