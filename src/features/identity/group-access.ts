import { type Actor, PERSON_ROLES } from '../../domain/access/actor.ts';
import { isCleared } from '../../domain/access/clearance.ts';
import { CLASSIFICATIONS } from '../../domain/exception/fields.ts';
import { type Append, record } from '../../journal/journal.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import type { GroupAccess, GroupEvent, GroupState } from './group-events.ts';
import { type GroupRow, groupStream, missing } from './group-store.ts';
import {
  detailsOf,
  type PersonDetails,
  type PersonEvent,
  type PersonState,
  sameDetails,
} from './person-events.ts';
import { assertNotLast } from './person-rules.ts';
import { type PersonRow, personStream } from './person-store.ts';

/** What somebody has whom no mapped group holds: nothing. */
export const NO_ACCESS: GroupAccess = { roles: [], clearance: CLASSIFICATIONS[0] };

/** People are read in pages, so that a large directory does not fill the memory. */
const PAGE = 1_000;

/** Which group is to change, who changes it, and when (epoch milliseconds, real time). */
export interface GroupWrite {
  readonly tenantId: string;
  readonly id: string;
  /** Undefined for a new group. */
  readonly before: GroupRow | undefined;
  readonly actor: Actor;
  readonly at: number;
}

/** Records what became of a group, and gives the people it concerns what follows. */
export async function recordGroup(
  tx: Transaction,
  { tenantId, id, before, actor, at }: GroupWrite,
  events: readonly GroupEvent[],
): Promise<GroupRow> {
  const append = { tenantId, streamId: id, before, events, at, actor };
  const [after = before] = record(tx, groupStream, [append]);
  if (!after) throw new Error('a new group has no events');
  await applyGroupChange(tx, tenantId, {
    before: before?.state,
    after: after.state,
    actor,
    at,
  });
  return after;
}

/** A group before and after a change that is queued and not written yet. */
interface GroupChange {
  readonly before: GroupState | undefined;
  readonly after: GroupState;
  readonly actor: Actor;
  /** Epoch milliseconds, real time. */
  readonly at: number;
}

/**
 * Gives the people whom a group's change concerns the roles and the clearance of their groups: its
 * members from before and after, and everybody whom the directory keeps where it is the first group
 * that is mapped. Refuses what would leave the tenant without an administrator.
 */
async function applyGroupChange(
  tx: Transaction,
  tenantId: string,
  { before, after, actor, at }: GroupChange,
): Promise<void> {
  if (!before?.access && !after.access) return;
  const others = await accessOfOthers(tx, tenantId, after.group_id);
  const isFirst = !before?.access && others.size === 0;
  const concerned = concernedBy(before, after);
  if (!isFirst && concerned.length === 0) return;
  const holders = new Set(after.access ? after.members : []);
  const appends: Append<PersonState, PersonEvent>[] = [];
  const losing: PersonState[] = [];
  let isGained = false;
  for await (const rows of pagesOfKept(tx, tenantId, isFirst ? undefined : concerned)) {
    const groups = await groupsOf(
      tx,
      tenantId,
      rows.map(({ state }) => state.person_id),
      others,
    );
    for (const row of rows) {
      const { person_id: streamId } = row.state;
      const given = groups.get(streamId) ?? [];
      if (after.access && holders.has(streamId)) given.push(after.access);
      const details: PersonDetails = { ...detailsOf(row.state), ...together(given) };
      if (sameDetails(row.state, details)) continue;
      if (isAdministrator(row.state) && !isAdministrator(details)) losing.push(row.state);
      if (isAdministrator(details) && row.state.active) isGained = true;
      const events: PersonEvent[] = [{ type: 'PersonChanged', data: details }];
      appends.push({ tenantId, streamId, before: row, events, at, actor });
    }
  }
  if (!isGained) await assertNotLast(tx, tenantId, ...losing);
  record(tx, personStream, appends);
}

function isAdministrator({ roles }: Pick<PersonDetails, 'roles'>): boolean {
  return roles.includes('administrator');
}

/** Members who come or go; all of them where what the group gives changes. */
function concernedBy(before: GroupState | undefined, after: GroupState): string[] {
  const [old, now] = [before?.members ?? [], after.members];
  const isSame = JSON.stringify(before?.access) === JSON.stringify(after.access);
  return isSame ? [...missing(old, now), ...missing(now, old)] : [...new Set([...old, ...now])];
}

/** What several groups give together: the roles of all, and the highest clearance. */
function together(given: readonly GroupAccess[]): GroupAccess {
  const roles = new Set(given.flatMap((one) => one.roles));
  const clearance = given
    .map((one) => one.clearance)
    .reduce((most, one) => (isCleared(most, one) ? most : one), NO_ACCESS.clearance);
  // In the order of the roles, so that the same groups give the same details.
  return { roles: PERSON_ROLES.filter((role) => roles.has(role)), clearance };
}

async function accessOfOthers(
  tx: Transaction,
  tenantId: string,
  groupId: string,
): Promise<Map<string, GroupAccess>> {
  const rows = await tx.query<{ group_id: string; access: GroupAccess }>(
    `SELECT group_id, state->'access' AS access FROM lapse.groups
     WHERE tenant_id = $1 AND mapped AND group_id <> $2`,
    [tenantId, groupId],
  );
  return new Map(rows.map(({ group_id, access }) => [group_id, access]));
}

/** What groups give to people, by person. */
async function groupsOf(
  tx: Transaction,
  tenantId: string,
  personIds: readonly string[],
  groups: ReadonlyMap<string, GroupAccess>,
): Promise<Map<string, GroupAccess[]>> {
  const given = new Map<string, GroupAccess[]>();
  if (groups.size === 0) return given;
  const rows = await tx.query<{ person_id: string; group_id: string }>(
    `SELECT person_id, group_id FROM lapse.group_members
     WHERE tenant_id = $1 AND person_id = ANY($2) AND group_id = ANY($3)`,
    [tenantId, personIds, [...groups.keys()]],
  );
  for (const { person_id, group_id } of rows) {
    const access = groups.get(group_id);
    if (access) given.set(person_id, [...(given.get(person_id) ?? []), access]);
  }
  return given;
}

/** Those whom the directory keeps, locked, in the order of their ids; of `among` where that is given. */
async function* pagesOfKept(
  tx: Transaction,
  tenantId: string,
  among: readonly string[] | undefined,
): AsyncGenerator<PersonRow[]> {
  let after = '';
  for (;;) {
    const rows = await tx.query<PersonRow & { [column: string]: unknown }>(
      `SELECT version, state FROM lapse.people
       WHERE tenant_id = $1 AND user_name IS NOT NULL AND person_id > $2
         AND ($3::text[] IS NULL OR person_id = ANY($3))
       ORDER BY person_id LIMIT ${PAGE} FOR UPDATE`,
      [tenantId, after, among ?? null],
    );
    if (rows.length > 0) yield rows;
    if (rows.length < PAGE) return;
    after = rows.at(-1)?.state.person_id ?? '';
  }
}
