import { DomainError } from '../../domain/errors.ts';
import { knownEvents } from '../../journal/plain-stream.ts';
import type { ProjectedRow, StreamChange, StreamKind, StreamState } from '../../journal/stream.ts';
import type { Reader } from '../../platform/db/snapshot.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { evolveGroup, type GroupEvent, type GroupState } from './group-events.ts';

/** The stream of one group of a directory, with its row and a row for each member. */
export const groupStream: StreamKind<GroupState, GroupEvent> = {
  type: 'group',
  ...knownEvents<GroupEvent>({
    GroupAdded: 1,
    GroupChanged: 1,
    MembersAdded: 1,
    MembersRemoved: 1,
    GroupMapped: 1,
    GroupUnmapped: 1,
    GroupRemoved: 1,
  }),
  evolve: evolveGroup,
  write,
  tables: [
    {
      table: 'groups',
      id: 'group_id',
      columns: ['version', 'state', 'display_name', 'external_id', 'active', 'mapped'],
    },
    { table: 'group_members', id: 'group_id', columns: ['person_id'] },
  ],
  project,
};

function write(tx: Transaction, changes: readonly StreamChange<GroupState>[]): void {
  const rows = changes.map(({ tenantId, id, version, state }) => ({
    tenant_id: tenantId,
    group_id: id,
    version,
    state,
    display_name: state.display_name.toLowerCase(),
    external_id: state.external_id ?? null,
    active: state.active,
    mapped: state.access !== undefined,
  }));
  tx.atCommit(
    `INSERT INTO lapse.groups (tenant_id, group_id, version, state, display_name, external_id, active, mapped)
     SELECT tenant_id, group_id, version, state, display_name, external_id, active, mapped
     FROM json_to_recordset($1::json) AS r(tenant_id text, group_id text, version int, state json,
       display_name text, external_id text, active boolean, mapped boolean)
     ON CONFLICT (tenant_id, group_id) DO UPDATE
       SET version = EXCLUDED.version, state = EXCLUDED.state, display_name = EXCLUDED.display_name,
         external_id = EXCLUDED.external_id, active = EXCLUDED.active, mapped = EXCLUDED.mapped`,
    [JSON.stringify(rows)],
  );
  const [gone, come] = [memberRows(changes, 'gone'), memberRows(changes, 'come')];
  if (gone.length > 0) {
    tx.atCommit(
      `DELETE FROM lapse.group_members AS m
       USING json_to_recordset($1::json) AS r(tenant_id text, group_id text, person_id text)
       WHERE m.tenant_id = r.tenant_id AND m.group_id = r.group_id AND m.person_id = r.person_id`,
      [JSON.stringify(gone)],
    );
  }
  if (come.length === 0) return;
  tx.atCommit(
    `INSERT INTO lapse.group_members (tenant_id, group_id, person_id)
     SELECT tenant_id, group_id, person_id
     FROM json_to_recordset($1::json) AS r(tenant_id text, group_id text, person_id text)`,
    [JSON.stringify(come)],
  );
}

function memberRows(changes: readonly StreamChange<GroupState>[], which: 'come' | 'gone') {
  return changes.flatMap(({ tenantId, id, state, previous }) => {
    const [before, after] = [previous?.members ?? [], state.members];
    const moved = which === 'come' ? missing(after, before) : missing(before, after);
    return moved.map((personId) => ({ tenant_id: tenantId, group_id: id, person_id: personId }));
  });
}

/** What of one list the other does not have. */
export function missing(list: readonly string[], other: readonly string[]): string[] {
  const has = new Set(other);
  return list.filter((each) => !has.has(each));
}

function project({ version, state }: StreamState<GroupState>): ProjectedRow[][] {
  const { display_name, external_id, active, access, members } = state;
  const flags = [active, access !== undefined].map((flag) => (flag ? 't' : 'f'));
  const keys = [display_name.toLowerCase(), external_id ?? null, ...flags];
  return [[[String(version), state, ...keys]], members.map((id) => [id])];
}

/** A group's row. */
export interface GroupRow {
  readonly version: number;
  readonly state: GroupState;
}

/** A group that is there; refuses with `not-found`. */
export async function readGroup(
  reader: Reader,
  tenantId: string,
  groupId: string,
): Promise<GroupRow> {
  const [row] = await reader.query<GroupRow & { [column: string]: unknown }>(
    'SELECT version, state FROM lapse.groups WHERE tenant_id = $1 AND group_id = $2 AND active',
    [tenantId, groupId],
  );
  if (!row) throw new DomainError('not-found', `there is no group ${groupId}`);
  return row;
}

/** Whether roles and clearance of those whom the directory keeps follow from their groups. */
export async function groupsGiveAccess(tx: Transaction, tenantId: string): Promise<boolean> {
  const [row] = await tx.query<{ mapped: boolean }>(
    'SELECT EXISTS (SELECT FROM lapse.groups WHERE tenant_id = $1 AND mapped) AS mapped',
    [tenantId],
  );
  return row?.mapped ?? false;
}
