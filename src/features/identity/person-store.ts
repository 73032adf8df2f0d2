import type { Role } from '../../domain/access/actor.ts';
import { isBarred } from '../../domain/circumvention/strikes.ts';
import type { Approver } from '../../domain/delegation/people.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Passkey } from '../../domain/signature/passkey.ts';
import { knownEvents } from '../../journal/plain-stream.ts';
import type {
  ProjectedRow,
  SigningKey,
  StreamChange,
  StreamKind,
  StreamState,
} from '../../journal/stream.ts';
import type { Reader } from '../../platform/db/snapshot.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { evolvePerson, type PersonEvent, type PersonState, type Subject } from './person-events.ts';

/** The stream of one person, with their row and a row for each provider that knows them. */
export const personStream: StreamKind<PersonState, PersonEvent> = {
  type: 'person',
  ...knownEvents<PersonEvent>({
    PersonAdded: 1,
    PersonChanged: 1,
    SubjectLinked: 1,
    PersonDeactivated: 1,
    PersonReactivated: 1,
    SignedIn: 1,
    SessionEnded: 1,
    SignInLinkMade: 1,
    PasskeyRegistered: 1,
    PasskeyUsed: 1,
    PasskeyRemoved: 1,
    StrikeCounted: 1,
    StrikesLifted: 1,
  }),
  evolve: evolvePerson,
  write,
  tables: [
    {
      table: 'people',
      id: 'person_id',
      columns: ['version', 'state', 'email', 'active', 'user_name', 'external_id', 'barred'],
    },
    { table: 'person_subjects', id: 'person_id', columns: ['issuer', 'subject'] },
  ],
  project,
  keysOf: readSigningKeys,
};

function write(tx: Transaction, changes: readonly StreamChange<PersonState>[]): void {
  const rows = changes.map(({ tenantId, id, version, state }) => ({
    tenant_id: tenantId,
    person_id: id,
    version,
    state,
    email: keyOf(state.email),
    active: state.active,
    user_name: keyOf(state.directory?.user_name),
    external_id: state.external_id ?? null,
    barred: isBarred(state.strikes),
  }));
  tx.atCommit(
    `INSERT INTO lapse.people (tenant_id, person_id, version, state, email, active, user_name, external_id, barred)
     SELECT tenant_id, person_id, version, state, email, active, user_name, external_id, barred
     FROM json_to_recordset($1::json) AS r(tenant_id text, person_id text, version int, state json,
       email text, active boolean, user_name text, external_id text, barred boolean)
     ON CONFLICT (tenant_id, person_id) DO UPDATE
       SET version = EXCLUDED.version, state = EXCLUDED.state, email = EXCLUDED.email,
         active = EXCLUDED.active, user_name = EXCLUDED.user_name, external_id = EXCLUDED.external_id,
         barred = EXCLUDED.barred`,
    [JSON.stringify(rows)],
  );
  const subjects = changes.flatMap(({ tenantId, id, state, previous }) =>
    state.subjects
      .slice(previous?.subjects.length ?? 0)
      .map((subject) => ({ tenant_id: tenantId, person_id: id, ...subject })),
  );
  if (subjects.length === 0) return;
  tx.atCommit(
    `INSERT INTO lapse.person_subjects (tenant_id, person_id, issuer, subject)
     SELECT tenant_id, person_id, issuer, subject
     FROM json_to_recordset($1::json) AS r(tenant_id text, person_id text, issuer text, subject text)`,
    [JSON.stringify(subjects)],
  );
}

function project({ version, state }: StreamState<PersonState>): ProjectedRow[][] {
  const subjects = state.subjects.map(({ issuer, subject }) => [issuer, subject]);
  const { email, active, directory, external_id } = state;
  const keys = [
    ...[keyOf(email), active ? 't' : 'f', keyOf(directory?.user_name), external_id ?? null],
    isBarred(state.strikes) ? 't' : 'f',
  ];
  return [[[String(version), state, ...keys]], subjects];
}

/** How a person is found by their address, or by their name in the directory: in any case. */
function keyOf(text: string | undefined): string | null {
  return text?.toLowerCase() ?? null;
}

/** Every passkey that was ever registered, removed ones too. */
async function readSigningKeys(reader: Reader, tenantId: string): Promise<SigningKey[]> {
  const rows = await reader.query<{ person_id: string; passkeys: Passkey[] }>(
    `SELECT person_id, state->'passkeys' AS passkeys FROM lapse.people
     WHERE tenant_id = $1 AND state->'passkeys' IS NOT NULL`,
    [tenantId],
  );
  return rows.flatMap(({ person_id: holder, passkeys }) =>
    passkeys.map((passkey) => ({ ...passkey, holder })),
  );
}

/** A person's row. */
export interface PersonRow {
  readonly version: number;
  readonly state: PersonState;
}

/** One person, locked until the transaction ends; refuses with `not-found`. */
export async function lockPerson(
  tx: Transaction,
  tenantId: string,
  personId: string,
): Promise<PersonRow> {
  const [row] = await tx.query<PersonRow & { [column: string]: unknown }>(
    'SELECT version, state FROM lapse.people WHERE tenant_id = $1 AND person_id = $2 FOR UPDATE',
    [tenantId, personId],
  );
  if (!row) throw new DomainError('not-found', `there is no person ${personId}`);
  return row;
}

/** The person whom a provider names, locked. */
export async function lockBySubject(
  tx: Transaction,
  tenantId: string,
  { issuer, subject }: Subject,
): Promise<PersonRow | undefined> {
  const [row] = await tx.query<PersonRow & { [column: string]: unknown }>(
    `SELECT p.version, p.state FROM lapse.person_subjects AS s JOIN lapse.people AS p USING (tenant_id, person_id)
     WHERE s.tenant_id = $1 AND s.issuer = $2 AND s.subject = $3 FOR UPDATE OF p`,
    [tenantId, issuer, subject],
  );
  return row;
}

/** The person of an address, locked. */
export async function lockByEmail(
  tx: Transaction,
  tenantId: string,
  email: string,
): Promise<PersonRow | undefined> {
  const [row] = await tx.query<PersonRow & { [column: string]: unknown }>(
    'SELECT version, state FROM lapse.people WHERE tenant_id = $1 AND email = $2 FOR UPDATE',
    [tenantId, keyOf(email)],
  );
  return row;
}

/** Everybody of some roles who may sign in, once for each of those roles. */
export async function readHoldersOf(
  tx: Transaction,
  tenantId: string,
  roles: readonly Role[],
): Promise<Approver[]> {
  const rows = await tx.query<PersonRow & { [column: string]: unknown }>(
    `SELECT version, state FROM lapse.people
     WHERE tenant_id = $1 AND active AND (state->'roles')::jsonb ?| $2 ORDER BY person_id DESC`,
    [tenantId, roles],
  );
  return rows.flatMap(({ state: { person_id: id, name, email, roles: held, clearance } }) =>
    held
      .filter((role) => roles.includes(role))
      .map((role) => ({ id, name, role, clearance, ...(email === undefined ? {} : { email }) })),
  );
}

/** The administrator whom the first start made, locked, unless they may not sign in any more. */
export async function lockFirstAdministrator(
  tx: Transaction,
  tenantId: string,
): Promise<PersonRow | undefined> {
  const [row] = await tx.query<PersonRow & { [column: string]: unknown }>(
    `SELECT version, state FROM lapse.people
     WHERE tenant_id = $1 AND active AND email IS NULL AND state->>'source' = 'first-start'
     ORDER BY person_id LIMIT 1 FOR UPDATE`,
    [tenantId],
  );
  return row;
}
