import { grantDigest } from '../../domain/enforcement/grant-digest.ts';
import { evolveFinding } from '../../domain/reconciliation/evolve-finding.ts';
import type { FindingState } from '../../domain/reconciliation/finding.ts';
import type { FindingEvent, FindingEventType } from '../../domain/reconciliation/finding-events.ts';
import { nextFindingMove } from '../../domain/reconciliation/finding-steps.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import { knownEvents } from '../../journal/plain-stream.ts';
import type { ProjectedRow, StreamChange, StreamKind, StreamState } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';

const VERSIONS: Readonly<Record<FindingEventType, number>> = {
  FindingOpened: 1,
  FindingChanged: 1,
  FindingAdopted: 1,
  FindingRemovalOrdered: 1,
  FindingAccepted: 1,
  FindingLimitPassed: 1,
  FindingReopened: 1,
  FindingRemovalBegun: 1,
  FindingRemovalTaken: 1,
  FindingRemovalFailed: 1,
  FindingSolved: 1,
};

/** The stream of one finding, its row, and the row that says when it is due. */
export const findingStream: StreamKind<FindingState, FindingEvent> = {
  type: 'finding',
  ...knownEvents<FindingEvent>(VERSIONS),
  evolve: (state, event, { streamId, at, actor }) =>
    evolveFinding(state, event, { findingId: streamId, at, actor }),
  write,
  tables: [
    {
      table: 'findings',
      id: 'finding_id',
      columns: ['version', 'state', 'kind', 'status', 'grant_key', 'exception_id'],
    },
  ],
  project,
};

function rowOf({ tenantId, id, version, state }: StreamState<FindingState>) {
  const move = nextFindingMove(state, { lookedAt: undefined });
  return {
    tenant_id: tenantId,
    finding_id: id,
    version,
    state,
    kind: state.kind,
    status: state.state,
    grant_key: grantDigest(state.spec),
    exception_id: state.exception_id ?? null,
    next_due_at: move ? formatInstant(move.at) : 'infinity',
  };
}

function write(tx: Transaction, changes: readonly StreamChange<FindingState>[]): void {
  const rows = JSON.stringify(changes.map(rowOf));
  tx.atCommit(
    `INSERT INTO lapse.findings (tenant_id, finding_id, version, state, kind, status, grant_key, exception_id)
     SELECT tenant_id, finding_id, version, state, kind, status, grant_key, exception_id
     FROM json_to_recordset($1::json) AS r(tenant_id text, finding_id text, version int, state json,
       kind text, status text, grant_key text, exception_id text)
     ON CONFLICT (tenant_id, finding_id) DO UPDATE SET version = EXCLUDED.version,
       state = EXCLUDED.state, status = EXCLUDED.status`,
    [rows],
  );
  tx.atCommit(
    `INSERT INTO lapse.finding_work (tenant_id, finding_id, next_due_at)
     SELECT tenant_id, finding_id, next_due_at
     FROM json_to_recordset($1::json) AS r(tenant_id text, finding_id text, next_due_at timestamptz)
     ON CONFLICT (tenant_id, finding_id) DO UPDATE SET next_due_at = EXCLUDED.next_due_at, looked_at = NULL`,
    [rows],
  );
}

function project(stream: StreamState<FindingState>): ProjectedRow[][] {
  const { version, state, kind, status, grant_key, exception_id } = rowOf(stream);
  return [[[String(version), state, kind, status, grant_key, exception_id]]];
}

/** The columns that hold a finding's stream. */
export type FindingColumns = Record<string, unknown> & {
  readonly tenant_id: string;
  readonly finding_id: string;
  readonly version: number;
  readonly state: FindingState;
};

export const FINDING_COLUMNS = 'f.tenant_id, f.finding_id, f.version, f.state';

/** The stream of a row. */
export function findingOf({ tenant_id, finding_id, version, state }: FindingColumns) {
  return { tenantId: tenant_id, id: finding_id, version, state };
}

/** The findings of some keys that are not solved, locked until the transaction ends. */
export async function lockUnsolved(
  tx: Transaction,
  tenantId: string,
  keys: readonly string[],
): Promise<StreamState<FindingState>[]> {
  if (keys.length === 0) return [];
  const rows = await tx.query<FindingColumns>(
    `SELECT ${FINDING_COLUMNS} FROM lapse.findings f
     WHERE f.tenant_id = $1 AND f.grant_key = ANY ($2) AND f.status <> 'solved'
     ORDER BY f.finding_id FOR UPDATE`,
    [tenantId, keys],
  );
  return rows.map(findingOf);
}

/** One finding, locked until the transaction ends; `undefined` where it is not shown either. */
export async function lockFinding(
  tx: Transaction,
  tenantId: string,
  findingId: string,
): Promise<StreamState<FindingState> | undefined> {
  const [row] = await tx.query<FindingColumns>(
    `SELECT ${FINDING_COLUMNS} FROM lapse.findings f
     WHERE f.tenant_id = $1 AND f.finding_id = $2 FOR UPDATE`,
    [tenantId, findingId],
  );
  return row && findingOf(row);
}

/** What findings of one access were adopted into, whatever has become of them; the newest first. */
export async function readAdoptions(
  tx: Transaction,
  tenantId: string,
  key: string,
): Promise<string[]> {
  const rows = await tx.query<{ exception_id: string }>(
    `SELECT state #>> '{answer,exception_id}' AS exception_id FROM lapse.findings
     WHERE tenant_id = $1 AND grant_key = $2 AND state #>> '{answer,kind}' = 'adopt'
     ORDER BY finding_id DESC LIMIT 20`,
    [tenantId, key],
  );
  return rows.map(({ exception_id }) => exception_id);
}
