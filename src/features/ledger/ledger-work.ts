import { type SequencerOptions, sequence, tenantsToSequence } from '../../journal/sequencer.ts';
import type { Database } from '../../platform/db/transaction.ts';
import type { DueWork } from '../../platform/due/due-loop.ts';

/** Takes committed events into each tenant's ledger and signs its head. */
export function ledgerSequencing(db: Database, options: SequencerOptions): DueWork {
  return {
    name: 'ledger-sequencing',
    async runBatch() {
      let taken = 0;
      for (const tenantId of await db.inSystem(tenantsToSequence))
        taken += await sequence(options, tenantId);
      return taken;
    },
  };
}
