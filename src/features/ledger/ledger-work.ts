import {
  type SequencerOptions,
  sequenceBatch,
  tenantsToSequence,
} from '../../journal/sequencer.ts';
import type { Database } from '../../platform/db/transaction.ts';
import type { DueWork } from '../../platform/due/due-loop.ts';

/** Takes committed events into each tenant's ledger and signs its head. */
export function ledgerSequencing(db: Database, options: SequencerOptions): DueWork {
  // A database that was put back while nothing ran has nothing pending: look at every tenant once.
  let all = true;
  return {
    name: 'ledger-sequencing',
    async runBatch() {
      let taken = 0;
      for (const tenantId of await db.inSystem((tx) => tenantsToSequence(tx, all)))
        taken += await sequenceBatch(options, tenantId);
      all = false;
      return taken;
    },
  };
}
