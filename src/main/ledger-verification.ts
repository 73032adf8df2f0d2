import type { VerifyTenant } from '../features/ledger/verification-routes.ts';
import { type LedgerToSettle, settleLedger } from '../journal/verify-settled.ts';

/**
 * Verifies ledgers in a thread, since it keeps a core busy for as long as it takes. One at a time in
 * this process: two would not be faster than one after the other, and requests need a core too.
 */
export function createVerifier(ledger: LedgerToSettle): VerifyTenant {
  let last: Promise<unknown> = Promise.resolve();
  return (tenantId, onProgress, signal) => {
    const mine = last.then(async () => {
      signal.throwIfAborted();
      const settled = await settleLedger(ledger, tenantId);
      const { verifyInThread } = await import('./verification-thread.ts');
      const { connection } = ledger.db;
      return verifyInThread({ connection, tenantId, settled }, onProgress, signal);
    });
    last = mine.catch(() => {});
    return mine;
  };
}
