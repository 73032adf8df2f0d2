import {
  type SequencerOptions,
  sequenceBatch,
  tenantsToSequence,
} from '../../journal/sequencer.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import type { Backlog, MeasuredWork } from '../../platform/due/due-loop.ts';

/** Takes committed events into each tenant's ledger and signs its head. */
export function ledgerSequencing(db: Database, options: SequencerOptions): MeasuredWork {
  // A database that was put back while nothing ran has nothing pending: look at every tenant once.
  let all = true;
  return {
    name: 'ledger-sequencing',
    backlog: () => db.inSystem(async (tx) => unsequenced(tx, await tx.now)),
    async runBatch() {
      let taken = 0;
      for (const tenantId of await db.inSystem((tx) => tenantsToSequence(tx, all)))
        taken += await sequenceBatch(options, tenantId);
      all = false;
      return taken;
    },
  };
}

/** What is committed and not in a tree yet; how old the oldest is, its envelope says. */
async function unsequenced(tx: Transaction, now: number): Promise<Backlog> {
  const [row] = await tx.query<{ waiting: number; lateness: number }>(
    `SELECT (SELECT count(*) FROM lapse.ledger_pending)::int AS waiting,
       greatest(0, coalesce(extract(epoch FROM to_timestamp($1::double precision / 1000) - min(e.at)), 0))::float8 AS lateness
     FROM lapse.tenants t
     CROSS JOIN LATERAL (SELECT p.event_id FROM lapse.ledger_pending p
       WHERE p.tenant_id = t.tenant_id ORDER BY p.position LIMIT 1) AS oldest
     CROSS JOIN LATERAL (SELECT (convert_from(v.envelope, 'UTF8')::jsonb->>'at')::timestamptz AS at
       FROM lapse.events v WHERE v.tenant_id = t.tenant_id AND v.event_id = oldest.event_id) AS e`,
    [now],
  );
  return { waiting: row?.waiting ?? 0, latenessSeconds: row?.lateness ?? 0 };
}
