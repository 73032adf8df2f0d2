import type { ProjectedRow, StreamChange, StreamKind, StreamState } from '../../journal/stream.ts';
import type { Reader } from '../../platform/db/snapshot.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { evolveWorkload, type WorkloadEvent, type WorkloadState } from './workload-events.ts';

const EVENTS: ReadonlySet<string> = new Set<WorkloadEvent['type']>([
  'WorkloadAdded',
  'WorkloadRemoved',
]);

/** The stream of one workload, and its row. */
export const workloadStream: StreamKind<WorkloadState, WorkloadEvent> = {
  type: 'workload',
  upcast(type, version, data) {
    if (EVENTS.has(type) && version === 1) return { type, data } as WorkloadEvent;
    throw new Error(`unknown event ${type} version ${version}`);
  },
  versionOf: () => 1,
  evolve: evolveWorkload,
  write,
  tables: [{ table: 'workloads', id: 'workload_id', columns: ['version', 'state'] }],
  project,
};

function write(tx: Transaction, changes: readonly StreamChange<WorkloadState>[]): void {
  const rows = changes.map(({ tenantId, id, version, state }) => [tenantId, id, version, state]);
  tx.atCommit(
    `INSERT INTO lapse.workloads (tenant_id, workload_id, version, state)
     SELECT r->>0, r->>1, (r->>2)::int, r->3 FROM json_array_elements($1::json) AS r
     ON CONFLICT (tenant_id, workload_id) DO UPDATE
       SET version = EXCLUDED.version, state = EXCLUDED.state`,
    [JSON.stringify(rows)],
  );
}

function project({ version, state }: StreamState<WorkloadState>): ProjectedRow[][] {
  return [[[String(version), state]]];
}

/** A workload's row. */
export interface WorkloadRow {
  readonly version: number;
  readonly state: WorkloadState;
}

/** The workloads that may sign in, oldest first. */
export async function readWorkloads(reader: Reader, tenantId: string): Promise<WorkloadState[]> {
  const rows = await reader.query<WorkloadRow & { [column: string]: unknown }>(
    `SELECT version, state FROM lapse.workloads
     WHERE tenant_id = $1 AND state->>'removed_at' IS NULL ORDER BY workload_id`,
    [tenantId],
  );
  return rows.map(({ state }) => state);
}

/** One workload, removed or not, locked until the transaction ends. */
export async function lockWorkload(
  tx: Transaction,
  tenantId: string,
  id: string,
): Promise<WorkloadRow | undefined> {
  const [row] = await tx.query<WorkloadRow & { [column: string]: unknown }>(
    'SELECT version, state FROM lapse.workloads WHERE tenant_id = $1 AND workload_id = $2 FOR UPDATE',
    [tenantId, id],
  );
  return row;
}
