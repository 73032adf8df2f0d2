import { isDeepStrictEqual } from 'node:util';
import type { Role } from '../../domain/access/actor.ts';
import { assertMayGive } from '../../domain/access/clearance.ts';
import type { Principal } from '../../domain/access/principal.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import { type IdPage, type PageRequest, readPage } from '../../platform/http/paging.ts';
import { changeDirectory, type DirectoryServices } from './directory-change.ts';
import { recordGroup } from './group-access.ts';
import type { GroupAccess, GroupEvent } from './group-events.ts';
import { readGroup } from './group-store.ts';

/** A group in short: with how many members it has, and not who they are. */
export interface GroupSummary {
  readonly group_id: string;
  readonly version: number;
  readonly display_name: string;
  readonly external_id: string | null;
  readonly members: number;
  readonly access: (GroupAccess & { readonly roles: Role[] }) | null;
  readonly created_at: string;
  readonly changed_at: string;
}

const SUMMARY = `SELECT g.group_id, g.version, g.state->>'display_name' AS display_name, g.external_id,
    g.state->'access' AS access, g.state->>'created_at' AS created_at, g.state->>'changed_at' AS changed_at,
    (SELECT count(*)::int FROM lapse.group_members AS m
     WHERE m.tenant_id = g.tenant_id AND m.group_id = g.group_id) AS members
  FROM lapse.groups AS g WHERE g.tenant_id = $1 AND g.active`;

/** Shows the groups of the directory, and keeps what follows from them. */
export class GroupService {
  readonly #services: DirectoryServices;

  constructor(services: DirectoryServices) {
    this.#services = services;
  }

  /** A page of the groups, newest first. */
  list(tenantId: string, page: PageRequest): Promise<IdPage<GroupSummary>> {
    return this.#services.db.inTenant(tenantId, (tx) =>
      readPage(
        'groups',
        page,
        ({ group_id }) => group_id,
        (after, count) =>
          tx.query<GroupSummary & { [column: string]: unknown }>(
            `${SUMMARY} AND ($2::text IS NULL OR g.group_id < $2) ORDER BY g.group_id DESC LIMIT $3`,
            [tenantId, after ?? null, count],
          ),
      ),
    );
  }

  /** One group; refuses with `not-found`. */
  get(tenantId: string, groupId: string): Promise<GroupSummary> {
    return this.#services.db.inTenant(tenantId, (tx) => readSummary(tx, tenantId, groupId));
  }

  /**
   * Sets what follows from a group for its members; `undefined`: nothing. With the first group that
   * is mapped, the roles of everybody whom the directory keeps follow from their groups. Refuses
   * what would leave the tenant without an administrator.
   */
  async map(
    { tenantId, actor, clearance }: Principal,
    groupId: string,
    access: GroupAccess | undefined,
    idempotency?: IdempotentRequest,
  ): Promise<GroupSummary> {
    if (access) assertMayGive(clearance, [access.clearance]);
    await changeDirectory(this.#services, tenantId, async (tx, at) => {
      if (await recall(tx, tenantId, idempotency)) return;
      const before = await readGroup(tx, tenantId, groupId);
      const events = eventsTo(before.state.access, access);
      const after =
        events.length === 0
          ? before
          : await recordGroup(tx, { tenantId, id: groupId, before, actor, at }, events);
      const reference = { type: 'group', id: groupId, version: after.version };
      remember(tx, tenantId, idempotency, { status: 200, reference, at: await tx.now });
    });
    return this.get(tenantId, groupId);
  }
}

function eventsTo(before: GroupAccess | undefined, after: GroupAccess | undefined): GroupEvent[] {
  if (isDeepStrictEqual(before, after)) return [];
  return [after ? { type: 'GroupMapped', data: after } : { type: 'GroupUnmapped', data: {} }];
}

async function readSummary(
  tx: Transaction,
  tenantId: string,
  groupId: string,
): Promise<GroupSummary> {
  const [row] = await tx.query<GroupSummary & { [column: string]: unknown }>(
    `${SUMMARY} AND g.group_id = $2`,
    [tenantId, groupId],
  );
  if (!row) throw new DomainError('not-found', `there is no group ${groupId}`);
  return row;
}
