import { DomainError } from '../../domain/errors.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import type { FilePlace } from './file-store.ts';

/** A file that is about to be stored. */
export interface ClaimedFile extends FilePlace {
  /** In bytes. */
  readonly size: number;
}

/** How long an upload may take from its claim to its event; what is older is swept. */
export const UPLOAD_MINUTES = 60;

/**
 * Says that a file is about to be stored, so that it is swept if no event ever names it. `now` is
 * real time. Refuses with `unavailable` while a sweep takes away what an earlier upload has left.
 */
export async function claimFile(db: Database, file: ClaimedFile, now: number): Promise<void> {
  const claimed = await db.inTenant(file.tenantId, (tx) =>
    tx.query(
      `INSERT INTO lapse.stored_files AS s (tenant_id, digest, size, claimed_at)
       VALUES ($1, $2, $3, to_timestamp($4::double precision / 1000))
       ON CONFLICT (tenant_id, digest) DO UPDATE SET claimed_at = EXCLUDED.claimed_at
       WHERE s.sweeping_at IS NULL
       RETURNING 1`,
      [file.tenantId, file.digest, file.size, now],
    ),
  );
  if (claimed.length === 0) throw tryAgain();
}

/** Keeps a claimed file, in the transaction of the event that names it. */
export async function keepFile(tx: Transaction, { tenantId, digest }: FilePlace): Promise<void> {
  const kept = await tx.query(
    `UPDATE lapse.stored_files SET kept_at = coalesce(kept_at, clock_timestamp())
     WHERE tenant_id = $1 AND digest = $2 AND sweeping_at IS NULL
     RETURNING 1`,
    [tenantId, digest],
  );
  if (kept.length === 0) throw tryAgain();
}

function tryAgain(): DomainError {
  return new DomainError(
    'unavailable',
    'what an earlier upload of this file has left is being taken away; send it again',
  );
}
