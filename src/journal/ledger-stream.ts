import {
  type EpochOpened,
  epochData,
  evolveLedger,
  type LedgerState,
  type OpenedEpoch,
} from '../domain/ledger/epoch.ts';
import type { Reader } from '../platform/db/snapshot.ts';
import type { Transaction } from '../platform/db/transaction.ts';
import type { StreamChange, StreamKind, StreamState } from './stream.ts';

/** The stream of a tenant's ledger, which bears the tenant's id, and a row for each epoch opened. */
export const ledgerStream: StreamKind<LedgerState, EpochOpened> = {
  type: 'ledger',
  upcast(type, version, data) {
    if (type === 'EpochOpened' && version === 1) return { type, data: epochData.parse(data) };
    throw new Error(`unknown event ${type} version ${version}`);
  },
  versionOf: () => 1,
  evolve: evolveLedger,
  write,
  tables: [{ table: 'ledger_epochs', id: 'tenant_id', columns: ['epoch', 'state'] }],
  project: ({ state }: StreamState<LedgerState>) => [
    state.epochs.map((opened) => [String(opened.epoch), opened]),
  ],
};

/** The epochs that were opened, in order; none for a ledger that never diverged. */
export async function readEpochs(reader: Reader, tenantId: string): Promise<OpenedEpoch[]> {
  const rows = await reader.query<{ state: OpenedEpoch }>(
    'SELECT state FROM lapse.ledger_epochs WHERE tenant_id = $1 ORDER BY epoch',
    [tenantId],
  );
  return rows.map((row) => row.state);
}

function epochRow(tenantId: string, state: OpenedEpoch) {
  return { tenant_id: tenantId, epoch: state.epoch, state };
}

function write(tx: Transaction, changes: readonly StreamChange<LedgerState>[]): void {
  const rows = changes.flatMap(({ tenantId, state, previous }) =>
    state.epochs.slice(previous?.epochs.length ?? 0).map((epoch) => epochRow(tenantId, epoch)),
  );
  tx.atCommit(
    `INSERT INTO lapse.ledger_epochs (tenant_id, epoch, state)
     SELECT tenant_id, epoch, state
     FROM jsonb_to_recordset($1::jsonb) AS r(tenant_id text, epoch int, state jsonb)`,
    [JSON.stringify(rows)],
  );
}
