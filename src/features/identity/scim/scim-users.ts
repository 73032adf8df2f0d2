import type { Principal } from '../../../domain/access/principal.ts';
import { DomainError } from '../../../domain/errors.ts';
import { record } from '../../../journal/journal.ts';
import type { Transaction } from '../../../platform/db/transaction.ts';
import { changeDirectory, type DirectoryServices } from '../directory-change.ts';
import { NO_ACCESS } from '../group-access.ts';
import type { GroupAccess } from '../group-events.ts';
import { type GroupRow, groupStream, groupsGiveAccess } from '../group-store.ts';
import {
  detailsOf,
  type PersonDetails,
  type PersonEvent,
  type PersonState,
  sameDetails,
} from '../person-events.ts';
import { assertNotLast } from '../person-rules.ts';
import { addPerson, type PersonService } from '../person-service.ts';
import { lockByEmail, lockPerson, type PersonRow, personStream } from '../person-store.ts';
import { USER } from './scim-attributes.ts';
import type { Document } from './scim-document.ts';
import { ScimRefusal } from './scim-refusal.ts';
import {
  assertRevision,
  type ListQuery,
  readRows,
  type ScimChange,
  type ScimPage,
  type StoredKind,
} from './scim-rows.ts';
import { type DirectoryDetails, detailsFrom, documentOf } from './user-document.ts';

/** A person with the groups whose member they are. */
export interface DirectoryUser extends PersonRow {
  readonly groups: readonly { readonly value: string; readonly display: string }[];
}

interface Services extends DirectoryServices {
  readonly people: Pick<PersonService, 'leave'>;
}

const entry = (name: string) => `r.state->'directory'->>'${name}'`;
const folded = (sql: string) => ({ sql: `lower(${sql})`, type: 'folded' as const });

const STORED: StoredKind = {
  kind: USER,
  table: 'lapse.people',
  id: 'person_id',
  visible: 'r.user_name IS NOT NULL',
  columns: {
    id: { sql: 'r.person_id', type: 'text' },
    userName: { sql: 'r.user_name', type: 'folded' },
    externalId: { sql: 'r.external_id', type: 'text' },
    active: { sql: 'r.active', type: 'boolean' },
    displayName: folded(entry('display_name')),
    'name.formatted': folded(entry('formatted')),
    'name.givenName': folded(entry('given_name')),
    'name.familyName': folded(entry('family_name')),
    'emails.value': folded("e->>'value'"),
    'emails.type': folded("e->>'type'"),
    'emails.primary': { sql: "coalesce((e->>'primary')::boolean, false)", type: 'boolean' },
    'groups.value': { sql: 'm.group_id', type: 'text' },
    'meta.created': { sql: "r.state->>'created_at'", type: 'instant' },
    'meta.lastModified': { sql: "r.state->>'changed_at'", type: 'instant' },
  },
  lists: {
    emails:
      "FROM json_array_elements(coalesce(r.state->'directory'->'emails', '[]')) AS e WHERE true",
    groups:
      'FROM lapse.group_members AS m WHERE m.tenant_id = r.tenant_id AND m.person_id = r.person_id',
  },
};

/** The people whom a directory keeps (RFC 7644 section 3). Nobody else can be seen through it. */
export class ScimUsers {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** A page of them; refuses with `invalidFilter`. */
  list(tenantId: string, query: ListQuery): Promise<ScimPage<DirectoryUser>> {
    return this.#services.db.inTenant(tenantId, async (tx) => {
      const { total, rows } = await readRows<PersonRow>(tx, tenantId, STORED, query);
      return { total, rows: await withGroups(tx, tenantId, rows) };
    });
  }

  /** One of them; refuses with `not-found`. */
  get(tenantId: string, id: string): Promise<DirectoryUser> {
    return this.#services.db.inTenant(tenantId, async (tx) => {
      const [row] = await tx.query<PersonRow & { [column: string]: unknown }>(
        'SELECT version, state FROM lapse.people WHERE tenant_id = $1 AND person_id = $2',
        [tenantId, id],
      );
      return oneWithGroups(tx, tenantId, kept(row, id));
    });
  }

  /**
   * Adds a user. Somebody whom Lapse knows by the address and no directory keeps is that user from
   * now on: an administrator trusts the directory with addresses when they give it a token.
   */
  create({ tenantId, actor }: Principal, document: Document): Promise<DirectoryUser> {
    return changeDirectory(this.#services, tenantId, async (tx, at) => {
      const given = detailsFrom(document);
      const known = await this.#findKnown(tx, tenantId, given);
      const access = await firstAccess(tx, tenantId, known?.state);
      const { roles, clearance } = access;
      const details: PersonDetails = { ...given, roles, clearance };
      const isActive = document.active !== false;
      if (known && isActive) assertMayReturn(known.state);
      if (known && !roles.includes('administrator')) await assertNotLast(tx, tenantId, known.state);
      const before = known ?? addPerson(tx, tenantId, { details, source: 'scim', actor, at });
      const events: PersonEvent[] = known ? [{ type: 'PersonChanged', data: details }] : [];
      if (isActive !== before.state.active)
        events.push(await this.#turn(tx, { tenantId, person: before.state, actor }, isActive));
      const streamId = before.state.person_id;
      const [row = before] = record(tx, personStream, [
        { tenantId, streamId, before, events, at, actor },
      ]);
      return { ...row, groups: [] };
    });
  }

  /** Changes a user: `change` says what they are afterwards. What is as it was makes no event. */
  change(
    { principal: { tenantId, actor }, id, expected }: ScimChange,
    change: (document: Document) => Document,
  ): Promise<DirectoryUser> {
    return changeDirectory(this.#services, tenantId, async (tx, at) => {
      const before = kept(await lockPerson(tx, tenantId, id), id);
      assertRevision(before.version, expected);
      const { state } = before;
      const document = change(documentOf(state));
      const given = detailsFrom(document);
      await assertFree(tx, tenantId, given, state);
      const { roles, clearance } = state;
      const details: PersonDetails = { ...given, roles, clearance };
      const events: PersonEvent[] = [];
      if (!sameDetails(state, details)) events.push({ type: 'PersonChanged', data: details });
      const isActive = document.active !== false;
      if (document.active !== undefined && isActive !== state.active)
        events.push(await this.#turn(tx, { tenantId, person: state, actor }, isActive));
      const append = { tenantId, streamId: id, before, events, at, actor };
      const [row = before] = record(tx, personStream, [append]);
      return oneWithGroups(tx, tenantId, row);
    });
  }

  /** Deactivates a user, who from then on is kept by no directory, and stays in the history. */
  async remove({ principal: { tenantId, actor }, id, expected }: ScimChange): Promise<void> {
    await changeDirectory(this.#services, tenantId, async (tx, at) => {
      const before = kept(await lockPerson(tx, tenantId, id), id);
      assertRevision(before.version, expected);
      const { state } = before;
      const { directory: _, external_id: __, ...details } = detailsOf(state);
      const events: PersonEvent[] = [{ type: 'PersonChanged', data: details }];
      if (state.active)
        events.unshift(await this.#turn(tx, { tenantId, person: state, actor }, false));
      record(tx, personStream, [{ tenantId, streamId: id, before, events, at, actor }]);
      const groups = await lockGroupsOf(tx, tenantId, id);
      const left = [{ type: 'MembersRemoved' as const, data: { members: [id] } }];
      const appends = groups.map((group) => ({
        ...{ tenantId, streamId: group.state.group_id, before: group, events: left, at, actor },
      }));
      record(tx, groupStream, appends);
    });
  }

  async #turn(
    tx: Transaction,
    left: Parameters<PersonService['leave']>[1],
    isActive: boolean,
  ): Promise<PersonEvent> {
    if (isActive) {
      assertMayReturn(left.person);
      return { type: 'PersonReactivated', data: { reason: 'the directory has them active' } };
    }
    await this.#services.people.leave(tx, left);
    const reason = 'the directory has them deactivated';
    return { type: 'PersonDeactivated', data: { reason, by_directory: true } };
  }

  async #findKnown(
    tx: Transaction,
    tenantId: string,
    given: DirectoryDetails,
  ): Promise<PersonRow | undefined> {
    await assertFree(tx, tenantId, { ...given, email: undefined }, undefined);
    const known =
      given.email === undefined ? undefined : await lockByEmail(tx, tenantId, given.email);
    if (known?.state.directory) throw taken('the address', given.email, known.state);
    return known;
  }
}

/** Roles and clearance at the beginning: those of groups, of whom Lapse knows, or of a new person. */
async function firstAccess(
  tx: Transaction,
  tenantId: string,
  known: PersonState | undefined,
): Promise<GroupAccess> {
  if (await groupsGiveAccess(tx, tenantId)) return NO_ACCESS;
  // Who left comes back as a new person would: what they once were allowed may be no more.
  return known?.active ? known : { roles: ['requestor'], clearance: 'internal' };
}

/** Whom an administrator has deactivated, no directory lets in again. */
function assertMayReturn({ active, deactivated_by, name }: PersonState): void {
  if (active || deactivated_by === 'directory') return;
  throw new DomainError(
    'wrong-state',
    `an administrator of Lapse has deactivated ${name}, and reactivates them there alone`,
  );
}

type Keys = Pick<DirectoryDetails, 'directory' | 'external_id'> & {
  readonly email?: string | undefined;
};

/** Refuses with `uniqueness` a name, id or address of somebody else. */
async function assertFree(
  tx: Transaction,
  tenantId: string,
  { directory: { user_name }, external_id, email }: Keys,
  own: PersonState | undefined,
): Promise<void> {
  const rows = await tx.query<{ state: PersonState }>(
    `SELECT state FROM lapse.people
     WHERE tenant_id = $1 AND (user_name = lower($2) OR external_id = $3 OR email = lower($4))
       AND person_id <> $5 ORDER BY person_id`,
    [tenantId, user_name, external_id ?? null, email ?? null, own?.person_id ?? ''],
  );
  const [other] = rows;
  if (!other) return;
  const { state } = other;
  if (state.directory?.user_name.toLowerCase() === user_name.toLowerCase())
    throw taken('the userName', user_name, state);
  if (state.external_id === external_id && external_id !== undefined)
    throw taken('the externalId', external_id, state);
  throw taken('the address', email, state);
}

function taken(what: string, value: string | undefined, { person_id: id }: PersonState): Error {
  return new ScimRefusal(
    'uniqueness',
    `${what} ${value} is that of ${id} already`,
    'already-exists',
  );
}

/** Refuses with `not-found` whom no directory keeps. */
function kept(row: PersonRow | undefined, id: string): PersonRow {
  if (row?.state.directory) return row;
  throw new DomainError('not-found', `there is no user ${id}`);
}

async function oneWithGroups(
  tx: Transaction,
  tenantId: string,
  row: PersonRow,
): Promise<DirectoryUser> {
  const [user] = await withGroups(tx, tenantId, [row]);
  return user ?? { ...row, groups: [] };
}

async function withGroups(
  tx: Transaction,
  tenantId: string,
  rows: readonly PersonRow[],
): Promise<DirectoryUser[]> {
  const groups = await tx.query<{ person_id: string; value: string; display: string }>(
    `SELECT m.person_id, g.group_id AS value, g.state->>'display_name' AS display
     FROM lapse.group_members AS m JOIN lapse.groups AS g USING (tenant_id, group_id)
     WHERE m.tenant_id = $1 AND m.person_id = ANY($2) ORDER BY g.group_id`,
    [tenantId, rows.map(({ state }) => state.person_id)],
  );
  const byPerson = Map.groupBy(groups, ({ person_id }) => person_id);
  return rows.map((row) => ({
    ...row,
    groups: (byPerson.get(row.state.person_id) ?? []).map(({ value, display }) => ({
      value,
      display,
    })),
  }));
}

async function lockGroupsOf(
  tx: Transaction,
  tenantId: string,
  personId: string,
): Promise<GroupRow[]> {
  return tx.query<GroupRow & { [column: string]: unknown }>(
    `SELECT version, state FROM lapse.groups WHERE tenant_id = $1 AND group_id IN (
       SELECT group_id FROM lapse.group_members WHERE tenant_id = $1 AND person_id = $2)
     ORDER BY group_id FOR UPDATE`,
    [tenantId, personId],
  );
}
