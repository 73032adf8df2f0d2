import type { Instant } from '../domain/schedule/instant.ts';
import type { Transaction } from '../platform/db/transaction.ts';

/** Moves the time of every server that runs with the test clock to an instant, or back to real time. */
export async function setTestClock(tx: Transaction, now: Instant | undefined): Promise<void> {
  await tx.query(
    `UPDATE lapse.test_clock SET offset_ms =
       coalesce($1::bigint - floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint, 0)`,
    [now ?? null],
  );
}
