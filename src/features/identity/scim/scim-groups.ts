import type { Principal } from '../../../domain/access/principal.ts';
import type { Transaction } from '../../../platform/db/transaction.ts';
import { newUlid } from '../../../platform/ids.ts';
import { changeDirectory, type DirectoryServices } from '../directory-change.ts';
import { type GroupWrite, recordGroup } from '../group-access.ts';
import type { GroupEvent, GroupState } from '../group-events.ts';
import { type GroupRow, missing, readGroup } from '../group-store.ts';
import { GROUP } from './scim-attributes.ts';
import type { Document } from './scim-document.ts';
import { ScimRefusal, shown } from './scim-refusal.ts';
import type { ScimChange } from './scim-rows.ts';
import {
  assertRevision,
  type ListQuery,
  readRows,
  type ScimPage,
  type StoredKind,
} from './scim-rows.ts';

const STORED: StoredKind = {
  kind: GROUP,
  table: 'lapse.groups',
  id: 'group_id',
  visible: 'r.active',
  columns: {
    id: { sql: 'r.group_id', type: 'text' },
    displayName: { sql: 'r.display_name', type: 'folded' },
    externalId: { sql: 'r.external_id', type: 'text' },
    'members.value': { sql: 'm.person_id', type: 'text' },
    'meta.created': { sql: "r.state->>'created_at'", type: 'instant' },
    'meta.lastModified': { sql: "r.state->>'changed_at'", type: 'instant' },
  },
  lists: {
    members:
      'FROM lapse.group_members AS m WHERE m.tenant_id = r.tenant_id AND m.group_id = r.group_id',
  },
};

/** The groups of a directory (RFC 7644 section 3). Members are people: groups in groups are refused. */
export class ScimGroups {
  readonly #services: DirectoryServices;

  constructor(services: DirectoryServices) {
    this.#services = services;
  }

  /** A page of them; refuses with `invalidFilter`. */
  list(tenantId: string, query: ListQuery): Promise<ScimPage<GroupRow>> {
    return this.#services.db.inTenant(tenantId, (tx) => readRows(tx, tenantId, STORED, query));
  }

  /** One of them; refuses with `not-found`. */
  get(tenantId: string, id: string): Promise<GroupRow> {
    return this.#services.db.inTenant(tenantId, (tx) => readGroup(tx, tenantId, id));
  }

  /** Adds a group; nothing follows from it until a tenant gives it roles. */
  create({ tenantId, actor }: Principal, document: Document): Promise<GroupRow> {
    return changeDirectory(this.#services, tenantId, async (tx, at) =>
      write(tx, { tenantId, id: `grp_${newUlid()}`, before: undefined, actor, at }, document),
    );
  }

  /** Changes a group: `change` says what it is afterwards. What is as it was makes no event. */
  change(
    { principal: { tenantId, actor }, id, expected }: ScimChange,
    change: (document: Document) => Document,
  ): Promise<GroupRow> {
    return changeDirectory(this.#services, tenantId, async (tx, at) => {
      const before = await readGroup(tx, tenantId, id);
      assertRevision(before.version, expected);
      return write(tx, { tenantId, id, before, actor, at }, change(documentOf(before.state)));
    });
  }

  /** Removes a group; its members lose what it gave them. */
  async remove({ principal: { tenantId, actor }, id, expected }: ScimChange): Promise<void> {
    await changeDirectory(this.#services, tenantId, async (tx, at) => {
      const before = await readGroup(tx, tenantId, id);
      assertRevision(before.version, expected);
      const events: GroupEvent[] = [{ type: 'GroupRemoved', data: {} }];
      await recordGroup(tx, { tenantId, id, before, actor, at }, events);
    });
  }
}

async function write(tx: Transaction, place: GroupWrite, document: Document): Promise<GroupRow> {
  const { tenantId, before } = place;
  const { displayName, externalId, members = [] } = document;
  const details = {
    display_name: displayName as string,
    ...(externalId === undefined ? {} : { external_id: externalId as string }),
  };
  const wanted = [...new Set((members as readonly Document[]).map(({ value }) => String(value)))];
  const had = before?.state.members ?? [];
  const [come, gone] = [missing(wanted, had), missing(had, wanted)];
  await assertPeople(tx, tenantId, come, place.id);
  const isSame =
    before?.state.display_name === details.display_name &&
    before.state.external_id === details.external_id;
  const events: GroupEvent[] = [];
  if (!before) events.push({ type: 'GroupAdded', data: details });
  else if (!isSame) events.push({ type: 'GroupChanged', data: details });
  if (gone.length > 0) events.push({ type: 'MembersRemoved', data: { members: gone } });
  if (come.length > 0) events.push({ type: 'MembersAdded', data: { members: come } });
  return recordGroup(tx, place, events);
}

/** Refuses members that are no users of the directory: also groups, so that none holds itself. */
async function assertPeople(
  tx: Transaction,
  tenantId: string,
  ids: readonly string[],
  own: string,
): Promise<void> {
  if (ids.length === 0) return;
  const rows = await tx.query<{ person_id: string }>(
    `SELECT person_id FROM lapse.people
     WHERE tenant_id = $1 AND person_id = ANY($2) AND user_name IS NOT NULL`,
    [tenantId, ids],
  );
  const [unknown] = missing(
    ids,
    rows.map(({ person_id }) => person_id),
  );
  if (unknown === undefined) return;
  const why =
    unknown === own || unknown.startsWith('grp_')
      ? 'which is a group; groups in groups are not supported: assign their people'
      : 'which is no user of this directory; create the user first';
  throw new ScimRefusal('invalidValue', `members has ${shown(unknown)}, ${why}`);
}

function documentOf({ display_name, external_id, members }: GroupState): Document {
  return {
    displayName: display_name,
    ...(external_id === undefined ? {} : { externalId: external_id }),
    ...(members.length === 0 ? {} : { members: members.map((value) => ({ value })) }),
  };
}
