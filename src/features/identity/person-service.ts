import type { Actor } from '../../domain/access/actor.ts';
import { assertMayGive, FULL_CLEARANCE } from '../../domain/access/clearance.ts';
import type { Principal } from '../../domain/access/principal.ts';
import type { Strike } from '../../domain/circumvention/strikes.ts';
import { DomainError } from '../../domain/errors.ts';
import { record } from '../../journal/journal.ts';
import { readStream } from '../../journal/read-stream.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import { type IdPage, type PageRequest, readPage } from '../../platform/http/paging.ts';
import { newUlid } from '../../platform/ids.ts';
import {
  detailsOf,
  type PersonDetails,
  type PersonEvent,
  type PersonSource,
  type PersonState,
  sameDetails,
} from './person-events.ts';
import { assertByHand, assertNotLast } from './person-rules.ts';
import { lockByEmail, lockPerson, type PersonRow, personStream } from './person-store.ts';
import { liftStrikes } from './strikes.ts';

/** What of a person is to change; `null` takes away. */
export interface PersonChange {
  readonly name?: string | undefined;
  readonly email?: string | null | undefined;
  readonly roles?: PersonDetails['roles'] | undefined;
  readonly clearance?: PersonDetails['clearance'] | undefined;
}

/** A person with the number of their revision. */
export interface Person {
  readonly version: number;
  readonly state: PersonState;
}

/** A person who leaves, or whose strikes are lifted, and who says so. */
export interface Leaving {
  readonly tenantId: string;
  readonly person: PersonState;
  readonly actor: Actor;
}

interface Services {
  readonly db: Database;
  /** What somebody who leaves loses, beside their sessions, in the same transaction. */
  readonly onDeactivated: (tx: Transaction, left: Leaving) => Promise<void>;
  /** What ends with somebody's strikes, in the same transaction. */
  readonly onStrikesLifted: (tx: Transaction, lifted: Leaving) => Promise<void>;
  /** Called when what is remembered of a tenant's sessions and tokens holds no longer. */
  readonly forget: (tenantId: string) => void;
  readonly realNow: () => number;
}

/** Keeps the people of a tenant. Their time is real time, as that of tokens is. */
export class PersonService {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** A page of the people, newest first; with `active`, those alone who may sign in. */
  list(tenantId: string, page: PageRequest, active: boolean | undefined): Promise<IdPage<Person>> {
    return this.#services.db.inTenant(tenantId, (tx) =>
      readPage(
        'people',
        page,
        ({ state }) => state.person_id,
        (after, count) =>
          tx.query<Person & { [column: string]: unknown }>(
            `SELECT version, state FROM lapse.people
             WHERE tenant_id = $1 AND ($2::text IS NULL OR person_id < $2)
               AND ($3::boolean IS NULL OR active = $3)
             ORDER BY person_id DESC LIMIT $4`,
            [tenantId, after ?? null, active ?? null, count],
          ),
      ),
    );
  }

  /** One person; refuses with `not-found`. */
  get(tenantId: string, personId: string): Promise<Person> {
    return this.#services.db.inTenant(tenantId, (tx) => readPerson(tx, tenantId, personId));
  }

  /** Adds a person before they sign in; refuses with `already-exists` where their address is known. */
  add(
    principal: Principal,
    details: PersonDetails,
    idempotency?: IdempotentRequest,
  ): Promise<Person> {
    const { db, realNow } = this.#services;
    const { tenantId, actor, clearance } = principal;
    assertMayGive(clearance, [details.clearance]);
    return db.inTenant(tenantId, async (tx) => {
      const before = await recall(tx, tenantId, idempotency);
      if (before) return personAt(tx, tenantId, before.reference);
      const known = details.email && (await lockByEmail(tx, tenantId, details.email));
      if (known) {
        const { person_id: id, name } = known.state;
        throw new DomainError('already-exists', `${details.email} is ${name} already (${id})`);
      }
      const person = addPerson(tx, tenantId, {
        details,
        source: 'administrator',
        actor,
        at: realNow(),
      });
      await rememberPerson(tx, tenantId, idempotency, person, 201);
      return person;
    });
  }

  /** Changes a person; refuses what would leave the tenant without an administrator. */
  change(
    { tenantId, actor, clearance }: Principal,
    personId: string,
    change: PersonChange,
    idempotency?: IdempotentRequest,
  ): Promise<Person> {
    return this.#update(tenantId, personId, idempotency, actor, async (tx, { state }) => {
      const details = changed(state, change);
      if (details.clearance !== state.clearance) assertMayGive(clearance, [details.clearance]);
      if (details.email && details.email.toLowerCase() !== state.email?.toLowerCase()) {
        const other = await lockByEmail(tx, tenantId, details.email);
        if (other)
          throw new DomainError(
            'already-exists',
            `${details.email} is ${other.state.name} already`,
          );
      }
      if (sameDetails(state, details)) return [];
      await assertByHand(tx, tenantId, state, details);
      if (!details.roles.includes('administrator')) await assertNotLast(tx, tenantId, state);
      return [{ type: 'PersonChanged', data: details }];
    });
  }

  /** Takes away what a person holds: sessions, tokens, delegations. History keeps their name. */
  deactivate(
    { tenantId, actor }: Principal,
    personId: string,
    reason: string,
    idempotency?: IdempotentRequest,
  ): Promise<Person> {
    return this.#update(tenantId, personId, idempotency, actor, async (tx, { state }) => {
      if (!state.active) return [];
      await this.leave(tx, { tenantId, person: state, actor });
      return [{ type: 'PersonDeactivated', data: { reason } }];
    });
  }

  /**
   * Takes what somebody who leaves holds, in a transaction that is under way and records that they
   * left; refuses the last administrator.
   */
  async leave(tx: Transaction, left: Leaving): Promise<void> {
    const { tenantId, person } = left;
    await assertNotLast(tx, tenantId, person);
    await endSessions(tx, tenantId, person.person_id);
    await this.#services.onDeactivated(tx, left);
  }

  /** Lets a person sign in again; what they lost does not come back. */
  reactivate(
    { tenantId, actor }: Principal,
    personId: string,
    reason: string,
    idempotency?: IdempotentRequest,
  ): Promise<Person> {
    return this.#update(tenantId, personId, idempotency, actor, async (_, { state }) => {
      if (state.active) return [];
      if (state.directory && state.deactivated_by === 'directory')
        throw new DomainError(
          'wrong-state',
          `the directory has deactivated ${state.name}; let them in again there`,
        );
      return [{ type: 'PersonReactivated', data: { reason } }];
    });
  }

  /** The strikes of whoever asks, by themselves or by their address: what they are warned of. */
  strikesOf({ tenantId, actor }: Principal): Promise<readonly Strike[]> {
    return this.#services.db.inTenant(tenantId, async (tx) => {
      const [row] = await tx.query<{ strikes: Strike[] | null }>(
        `SELECT state->'strikes' AS strikes FROM lapse.people
         WHERE tenant_id = $1 AND (person_id = $2 OR email = lower($3)) ORDER BY person_id = $2 DESC LIMIT 1`,
        [tenantId, actor.id, actor.email ?? null],
      );
      return row?.strikes ?? [];
    });
  }

  /** Lifts the strikes of somebody: they may ask for privileged access again, and what was lost stays lost. */
  liftStrikes(
    { tenantId, actor }: Principal,
    personId: string,
    reason: string,
    idempotency?: IdempotentRequest,
  ): Promise<Person> {
    return this.#update(tenantId, personId, idempotency, actor, async (tx, row) => {
      const events = liftStrikes(row, reason, actor);
      await this.#services.onStrikesLifted(tx, { tenantId, person: row.state, actor });
      return events;
    });
  }

  async #update(
    tenantId: string,
    personId: string,
    idempotency: IdempotentRequest | undefined,
    actor: Actor,
    decide: (tx: Transaction, row: PersonRow) => Promise<PersonEvent[]>,
  ): Promise<Person> {
    const { db, realNow, forget } = this.#services;
    // Whatever somebody who leaves answers for is counted, however it is classified.
    const reach = { tenantId, clearance: FULL_CLEARANCE };
    const person = await db.inTenant(reach, async (tx) => {
      const [before, row] = await Promise.all([
        recall(tx, tenantId, idempotency),
        lockPerson(tx, tenantId, personId),
      ]);
      if (before) return personAt(tx, tenantId, before.reference);
      const events = await decide(tx, row);
      const append = { tenantId, streamId: personId, before: row, events, at: realNow(), actor };
      const [change = row] = record(tx, personStream, [append]);
      await rememberPerson(tx, tenantId, idempotency, change, 200);
      return change;
    });
    forget(tenantId);
    return person;
  }
}

/** A person of whom nothing was known before. */
export interface NewPerson {
  readonly details: PersonDetails;
  readonly source: PersonSource;
  readonly actor: Actor;
  /** Epoch milliseconds, real time. */
  readonly at: number;
}

/** Queues a person in a transaction that is under way. */
export function addPerson(
  tx: Transaction,
  tenantId: string,
  { details, source, actor, at }: NewPerson,
): Person {
  const events: PersonEvent[] = [{ type: 'PersonAdded', data: { ...details, source } }];
  const streamId = `per_${newUlid()}`;
  const append = { tenantId, streamId, before: undefined, events, at, actor };
  const [person] = record(tx, personStream, [append]);
  if (!person) throw new Error('a new person has no events');
  return person;
}

/** A person as an answer had them, folded from their events: for answers that are repeated. */
async function personAt(
  tx: Transaction,
  tenantId: string,
  { id, version }: { readonly id: string; readonly version: number },
): Promise<Person> {
  let state: PersonState | undefined;
  for (const { type, event_version, data, at, actor } of await readStream(
    tx,
    tenantId,
    personStream.type,
    id,
    version,
  )) {
    const event = personStream.upcast(type, event_version, data);
    state = personStream.evolve(state, event, { tenantId, streamId: id, at, actor });
  }
  if (!state) throw new DomainError('not-found', `there is no person ${id}`);
  return { version, state };
}

async function readPerson(tx: Transaction, tenantId: string, personId: string): Promise<Person> {
  const [row] = await tx.query<Person & { [column: string]: unknown }>(
    'SELECT version, state FROM lapse.people WHERE tenant_id = $1 AND person_id = $2',
    [tenantId, personId],
  );
  if (!row) throw new DomainError('not-found', `there is no person ${personId}`);
  return row;
}

async function rememberPerson(
  tx: Transaction,
  tenantId: string,
  idempotency: IdempotentRequest | undefined,
  { version, state }: Person,
  status: number,
): Promise<void> {
  const reference = { type: 'person', id: state.person_id, version };
  remember(tx, tenantId, idempotency, { status, reference, at: await tx.now });
}

function changed(state: PersonState, change: PersonChange): PersonDetails {
  const { email: before, ...kept } = detailsOf(state);
  const email = change.email === undefined ? before : (change.email ?? undefined);
  return {
    ...kept,
    name: change.name ?? state.name,
    roles: change.roles ?? state.roles,
    clearance: change.clearance ?? state.clearance,
    ...(email === undefined ? {} : { email }),
  };
}

/** Ends every session of a person. */
async function endSessions(tx: Transaction, tenantId: string, personId: string): Promise<void> {
  tx.atCommit('DELETE FROM lapse.sessions WHERE tenant_id = $1 AND person_id = $2', [
    tenantId,
    personId,
  ]);
}
