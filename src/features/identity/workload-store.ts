import { plainStream } from '../../journal/plain-stream.ts';
import type { Reader } from '../../platform/db/snapshot.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { evolveWorkload, type WorkloadEvent, type WorkloadState } from './workload-events.ts';

/** The stream of one workload, and its row. */
export const workloadStream = plainStream<WorkloadState, WorkloadEvent>({
  type: 'workload',
  table: 'workloads',
  id: 'workload_id',
  versions: { WorkloadAdded: 1, WorkloadRemoved: 1 },
  evolve: evolveWorkload,
});

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
