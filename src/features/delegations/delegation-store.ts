import {
  type Delegation,
  type DelegationEvent,
  endOf,
  evolveDelegation,
} from '../../domain/delegation/delegation.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import { knownEvents } from '../../journal/plain-stream.ts';
import type { StreamChange, StreamKind, StreamState } from '../../journal/stream.ts';
import { storedInstant } from '../../platform/db/snapshot.ts';
import type { Transaction } from '../../platform/db/transaction.ts';

/** The stream of one delegation, and its row. */
export const delegationStream: StreamKind<Delegation, DelegationEvent> = {
  type: 'delegation',
  ...knownEvents<DelegationEvent>({ RolesDelegated: 1, DelegationEnded: 1 }),
  evolve: evolveDelegation,
  write,
  tables: [{ table: 'delegations', id: 'delegation_id', columns: ['version', 'state', 'ends_at'] }],
  project: ({ version, state }) => [
    [[String(version), state, storedInstant(formatInstant(endOf(state)))]],
  ],
};

function write(tx: Transaction, changes: readonly StreamChange<Delegation>[]): void {
  const rows = changes.map(({ tenantId, id, version, state }) => ({
    tenant_id: tenantId,
    delegation_id: id,
    version,
    state,
    ends_at: formatInstant(endOf(state)),
  }));
  tx.atCommit(
    `INSERT INTO lapse.delegations (tenant_id, delegation_id, version, state, ends_at)
     SELECT tenant_id, delegation_id, version, state, ends_at
     FROM json_to_recordset($1::json) AS r(tenant_id text, delegation_id text, version int, state json,
       ends_at timestamptz)
     ON CONFLICT (tenant_id, delegation_id) DO UPDATE
       SET version = EXCLUDED.version, state = EXCLUDED.state, ends_at = EXCLUDED.ends_at`,
    [JSON.stringify(rows)],
  );
}

/** Delegations that have not ended at an instant, the oldest first; some may not have begun. */
export async function readDelegations(
  tx: Transaction,
  tenantId: string,
  now: number,
): Promise<Delegation[]> {
  const rows = await tx.query<{ state: Delegation }>(
    `SELECT state FROM lapse.delegations
     WHERE tenant_id = $1 AND ends_at > to_timestamp($2::double precision / 1000)
     ORDER BY delegation_id`,
    [tenantId, now],
  );
  return rows.map(({ state }) => state);
}

/** A page of delegations, the newest first; `endsAfter` leaves out those that have ended by then. */
export async function listDelegations(
  tx: Transaction,
  tenantId: string,
  { after, count, endsAfter }: { after: string | undefined; count: number; endsAfter?: number },
): Promise<Delegation[]> {
  const rows = await tx.query<{ state: Delegation }>(
    `SELECT state FROM lapse.delegations
     WHERE tenant_id = $1 AND ($2::text IS NULL OR delegation_id < $2)
       AND ($4::double precision IS NULL OR ends_at > to_timestamp($4::double precision / 1000))
     ORDER BY delegation_id DESC LIMIT $3`,
    [tenantId, after ?? null, count, endsAfter ?? null],
  );
  return rows.map(({ state }) => state);
}

/** One delegation, locked until the transaction ends. */
export async function lockDelegation(
  tx: Transaction,
  tenantId: string,
  id: string,
): Promise<StreamState<Delegation> | undefined> {
  const [row] = await tx.query<{ version: number; state: Delegation }>(
    'SELECT version, state FROM lapse.delegations WHERE tenant_id = $1 AND delegation_id = $2 FOR UPDATE',
    [tenantId, id],
  );
  return row && { tenantId, id, ...row };
}
