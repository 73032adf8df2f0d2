import { evolveGrant } from '../../domain/enforcement/evolve-grant.ts';
import type { GrantState } from '../../domain/enforcement/grant.ts';
import { grantDigest } from '../../domain/enforcement/grant-digest.ts';
import type { GrantEvent, GrantEventType } from '../../domain/enforcement/grant-events.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import { knownEvents } from '../../journal/plain-stream.ts';
import type { ProjectedRow, StreamChange, StreamKind, StreamState } from '../../journal/stream.ts';
import { storedInstant } from '../../platform/db/snapshot.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { newUlid } from '../../platform/ids.ts';

const VERSIONS: Readonly<Record<GrantEventType, number>> = {
  GrantPlanned: 1,
  GrantRouted: 1,
  CallBegun: 1,
  CallTaken: 1,
  CallFailed: 1,
  GrantNotSeen: 1,
  GrantSeenInPlace: 1,
  GrantSeenGone: 1,
  GrantSeenAgain: 1,
  RemovalTaskOpened: 1,
  RemovalTaskEscalated: 1,
  RemovalAttested: 1,
  GrantHandedOver: 1,
  GrantTakenOver: 1,
};

/** The stream of one grant, and its row. */
export const grantStream: StreamKind<GrantState, GrantEvent> = {
  type: 'grant',
  ...knownEvents<GrantEvent>(VERSIONS),
  evolve: (state, event, { streamId, at, actor }) =>
    evolveGrant(state, event, { grantId: streamId, at, actor }),
  write,
  tables: [
    {
      table: 'grants',
      id: 'grant_id',
      columns: [
        'exception_id',
        'version',
        'state',
        'status',
        'grant_key',
        'task_id',
        'task_opened_at',
        'task_ended_at',
      ],
    },
  ],
  project,
};

function rowOf({ tenantId, id, version, state }: StreamState<GrantState>) {
  const { task } = state;
  return {
    tenant_id: tenantId,
    grant_id: id,
    exception_id: state.exception_id,
    version,
    state,
    status: state.status,
    grant_key: grantDigest(state.spec),
    task_id: task?.task_id ?? null,
    task_opened_at: task ? formatInstant(task.opened_at) : null,
    task_ended_at: task?.ended ? formatInstant(task.ended.at) : null,
  };
}

function write(tx: Transaction, changes: readonly StreamChange<GrantState>[]): void {
  for (const change of changes) writeTask(tx, change);
  tx.atCommit(
    `INSERT INTO lapse.grants (tenant_id, grant_id, exception_id, version, state, status, grant_key,
       task_id, task_opened_at, task_ended_at)
     SELECT tenant_id, grant_id, exception_id, version, state, status, grant_key,
       task_id, task_opened_at, task_ended_at
     FROM json_to_recordset($1::json) AS r(tenant_id text, grant_id text, exception_id text, version int,
       state json, status text, grant_key text, task_id text, task_opened_at timestamptz, task_ended_at timestamptz)
     ON CONFLICT (tenant_id, grant_id) DO UPDATE SET version = EXCLUDED.version, state = EXCLUDED.state,
       status = EXCLUDED.status, task_id = EXCLUDED.task_id, task_opened_at = EXCLUDED.task_opened_at,
       task_ended_at = EXCLUDED.task_ended_at`,
    [JSON.stringify(changes.map(rowOf))],
  );
}

/** Removal that a person has to see to stands among the tasks of the tenant, until it has ended. */
function writeTask(tx: Transaction, change: StreamChange<GrantState>): void {
  const { tenantId, id, state, previous } = change;
  const isOpen = state.task !== undefined && !state.task.ended;
  const wasOpen = previous?.task !== undefined && !previous.task.ended;
  if (isOpen && !wasOpen) {
    const { reason, opened_at, task_id } = state.task;
    const detail = `${describe(state)} is past its end: ${reason}; once it is gone, attest it (${task_id})`;
    tx.atCommit(
      `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
       VALUES ($1, $2, 'removal', 'grant', $3, $4, $5) ON CONFLICT DO NOTHING`,
      [tenantId, `task_${newUlid()}`, id, detail, formatInstant(opened_at)],
    );
  }
  if (wasOpen && !isOpen) {
    const at = formatInstant(state.task?.ended?.at ?? state.since);
    tx.atCommit(
      `UPDATE lapse.tasks SET resolved_at = $3, resolved_by = $4
       WHERE tenant_id = $1 AND kind = 'removal' AND subject_type = 'grant' AND subject_id = $2
         AND resolved_at IS NULL`,
      [tenantId, id, at, state.attested?.by.id ?? null],
    );
  }
}

function describe({ spec, exception_id }: GrantState): string {
  const { kind, permission, subject, target } = spec;
  const words = [
    kind,
    permission,
    subject && `for ${subject}`,
    `on ${target}`,
    `(${exception_id})`,
  ];
  return words.filter(Boolean).join(' ');
}

function project(stream: StreamState<GrantState>): ProjectedRow[][] {
  const row = rowOf(stream);
  return [
    [
      [
        row.exception_id,
        String(row.version),
        row.state,
        row.status,
        row.grant_key,
        row.task_id,
        row.task_opened_at === null ? null : storedInstant(row.task_opened_at),
        row.task_ended_at === null ? null : storedInstant(row.task_ended_at),
      ],
    ],
  ];
}

/** A grant of some tenant. */
export interface GrantPlace {
  readonly tenantId: string;
  readonly grantId: string;
}

/** The streams of some grants; those that have none yet are left out. */
export async function readGrants(
  tx: Transaction,
  places: readonly GrantPlace[],
): Promise<StreamState<GrantState>[]> {
  if (places.length === 0) return [];
  const rows = await tx.query<GrantColumns>(
    `SELECT g.tenant_id, g.grant_id, g.version, g.state
     FROM unnest($1::text[], $2::text[]) AS p(tenant_id, grant_id)
     JOIN lapse.grants g ON g.tenant_id = p.tenant_id AND g.grant_id = p.grant_id`,
    [places.map(({ tenantId }) => tenantId), places.map(({ grantId }) => grantId)],
  );
  return rows.map(grantOf);
}

/** The columns that hold a grant's stream. */
export type GrantColumns = Record<string, unknown> & {
  readonly tenant_id: string;
  readonly grant_id: string;
  readonly version: number;
  readonly state: GrantState;
};

/** The stream of a row. */
export function grantOf({ tenant_id, grant_id, version, state }: GrantColumns) {
  return { tenantId: tenant_id, id: grant_id, version, state };
}
