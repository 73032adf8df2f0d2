import {
  evolveTenant,
  type TenantEvent,
  type TenantLife,
} from '../../domain/tenant/tenant-life.ts';
import { knownEvents } from '../../journal/plain-stream.ts';
import type { ProjectedRow, StreamChange, StreamKind, StreamState } from '../../journal/stream.ts';
import { storedInstant } from '../../platform/db/snapshot.ts';
import type { Transaction } from '../../platform/db/transaction.ts';

/**
 * The stream of one tenant's life, and its row. In the tenant's own ledger, save for what has become of
 * a tenant that is gone: that is in the operator's.
 */
export const tenantStream: StreamKind<TenantLife, TenantEvent> = {
  type: 'tenant',
  ...knownEvents<TenantEvent>({
    TenantCreated: 1,
    TenantSuspended: 1,
    TenantResumed: 1,
    TenantDeletionScheduled: 1,
    TenantDeletionCancelled: 1,
    TenantDeletionBegun: 1,
    TenantDeleted: 1,
  }),
  evolve: evolveTenant,
  write,
  tables: [
    {
      table: 'tenant_standings',
      id: 'subject_id',
      columns: ['version', 'state', 'deletion', 'deletes_at'],
    },
  ],
  project,
};

function write(tx: Transaction, changes: readonly StreamChange<TenantLife>[]): void {
  const rows = changes.map(({ tenantId, id, version, state }) => ({
    tenant_id: tenantId,
    subject_id: id,
    version,
    state,
    deletion: stepOf(state),
    deletes_at: endOf(state),
  }));
  tx.atCommit(
    `INSERT INTO lapse.tenant_standings (tenant_id, subject_id, version, state, deletion, deletes_at)
     SELECT tenant_id, subject_id, version, state, deletion, deletes_at
     FROM json_to_recordset($1::json) AS r(tenant_id text, subject_id text, version int, state json,
       deletion text, deletes_at timestamptz)
     ON CONFLICT (tenant_id, subject_id) DO UPDATE SET version = EXCLUDED.version,
       state = EXCLUDED.state, deletion = EXCLUDED.deletion, deletes_at = EXCLUDED.deletes_at`,
    [JSON.stringify(rows)],
  );
}

function project({ version, state }: StreamState<TenantLife>): ProjectedRow[][] {
  const end = endOf(state);
  const due = end === 'infinity' ? end : storedInstant(end);
  return [[[String(version), state, stepOf(state), due]]];
}

function stepOf({ deletion, deleting, deleted }: TenantLife): string | null {
  if (deleted) return 'done';
  if (deleting) return 'begun';
  return deletion ? 'scheduled' : null;
}

function endOf({ deletion, deleting }: TenantLife): string {
  return (deletion ?? deleting?.ordered)?.due_at ?? 'infinity';
}

/** Where a tenant stands, with the number of its last event. */
export interface StandingRow {
  readonly version: number;
  readonly state: TenantLife;
}

/** Where a tenant stands by a ledger, its own or the operator's; undefined where nothing has happened to it. */
export async function readStanding(
  tx: Transaction,
  ledgerOf: string,
  subjectId: string,
): Promise<StandingRow | undefined> {
  const [row] = await tx.query<StandingRow & { [column: string]: unknown }>(
    'SELECT version, state FROM lapse.tenant_standings WHERE tenant_id = $1 AND subject_id = $2',
    [ledgerOf, subjectId],
  );
  return row;
}
