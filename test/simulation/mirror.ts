import type pg from 'pg';
import type { Actor } from '../../src/domain/access/actor.ts';
import type { Delegation } from '../../src/domain/delegation/delegation.ts';
import type { ExceptionEvent } from '../../src/domain/exception/events.ts';
import type { ExceptionState } from '../../src/domain/exception/state.ts';
import { parseInstant } from '../../src/domain/schedule/instant.ts';
import { delegationStream } from '../../src/features/delegations/delegation-store.ts';
import { exceptionStream } from '../../src/features/exceptions/exception-store.ts';
import { policyStream } from '../../src/features/policy/policy-stream.ts';
import { GrantMirror } from './grant-mirror.ts';
import { intentOf } from './intent.ts';
import type { SimulatedClock } from './simulated-database.ts';

/** An event as it was found in the journal. */
export interface FoundEvent {
  readonly eventId: string;
  readonly version: number;
  readonly event: ExceptionEvent;
  readonly at: number;
  readonly actorId: string;
  /** The number of the intent that brought it about; undefined for the clock's. */
  readonly intent: number | undefined;
}

/** A stream of another kind: a token, or the epochs of a ledger. */
export interface OtherStream {
  /** T1, T2 … */
  readonly name: string;
  readonly tenantId: string;
  readonly type: string;
  /** The intents of its events, in their order. */
  readonly intents: (number | undefined)[];
  delegation?: Delegation;
}

/** A delegation as its events tell it. */
export interface FoundDelegation {
  readonly delegation: Delegation;
  /** The intents that were under way when one of its events was found: they may know of it or not. */
  readonly beside: ReadonlySet<number>;
}

/** One exception as its events tell it, beside what the register says. */
export interface FoundStream {
  /** R1, R2 …: ids differ from run to run. */
  readonly name: string;
  readonly tenantId: string;
  readonly id: string;
  readonly events: FoundEvent[];
  /** How many of them the last reading has brought. */
  fresh: number;
  /** The fold of the events, after each of them. */
  readonly states: ExceptionState[];
  /** The row of the register: what commands and sweeps go on from. */
  row:
    | { readonly version: number; readonly status: string; readonly state: ExceptionState }
    | undefined;
}

/** What tells a stream of another kind: a tenant's policy bears its id, as its ledger's does. */
export function keyOf(type: string, id: string): string {
  return type === policyStream.type ? `${type}/${id}` : id;
}

/** Everything that was ever found committed, read beside the product, as the database's owner. */
export class Mirror {
  readonly streams = new Map<string, FoundStream>();
  /** Events there were, and events there are: none may disappear. */
  readonly counts = { known: 0, stored: 0 };
  /** All other streams, by id. */
  readonly others = new Map<string, OtherStream>();
  readonly grants: GrantMirror;
  readonly #admin: pg.Client;
  readonly #underWay: () => readonly number[];
  readonly #beside = new Map<string, { readonly events: number; readonly intents: Set<number> }>();
  #ledgers = new Map<string, LedgerRow>();
  /** Names that were given: no other stream ever has one of them. */
  #named = 0;
  #othersNamed = 0;

  /** `underWay` says which intents somebody is about. */
  constructor(admin: pg.Client, clock: SimulatedClock, underWay: () => readonly number[]) {
    this.#admin = admin;
    this.grants = new GrantMirror(admin, clock);
    this.#underWay = underWay;
  }

  /** The streams that the last reading has brought something of. */
  get fresh(): FoundStream[] {
    return [...this.streams.values()].filter((stream) => stream.fresh > 0);
  }

  /** Epochs that a tenant's ledger has after its first. */
  epochsOf(tenantId: string): number {
    return this.#ledgers.get(tenantId)?.epochs ?? 0;
  }

  newestEpochOf(tenantId: string): number {
    return this.#ledgers.get(tenantId)?.newest ?? 1;
  }

  /** The ids of a tenant's tokens. */
  tokensOf(tenantId: string): string[] {
    const tokens = [...this.others].filter(
      ([, other]) => other.type === 'identity' && other.tenantId === tenantId,
    );
    return tokens.map(([id]) => id);
  }

  /** A tenant's delegations, whether or not they are over. */
  delegationsOf(tenantId: string): FoundDelegation[] {
    return [...this.others].flatMap(([id, { delegation, ...other }]) => {
      if (!delegation || other.tenantId !== tenantId) return [];
      return [{ delegation, beside: this.#beside.get(id)?.intents ?? new Set<number>() }];
    });
  }

  /** Whether a request has left anything in the journal. */
  hasEventOf(intent: number): boolean {
    return (
      this.all.some(({ events }) => events.some((event) => event.intent === intent)) ||
      [...this.others.values()].some(({ intents }) => intents.includes(intent)) ||
      this.grants.all.some(({ events }) => events.some((event) => event.intent === intent))
    );
  }

  /** The version that a stream is at; 0 where there is none. */
  versionOf(id: string): number {
    const { length } =
      this.streams.get(id)?.events ??
      this.others.get(id)?.intents ??
      this.grants.find(id)?.events ??
      [];
    return length;
  }

  /** In the order in which they were found. */
  get all(): FoundStream[] {
    return [...this.streams.values()];
  }

  /** The fold of a stream's events. */
  static stateOf({ states }: FoundStream): ExceptionState {
    const state = states.at(-1);
    if (!state) throw new Error('a stream without events');
    return state;
  }

  /** A tenant's rows were replaced by others: the next reading begins anew with it. */
  rewind(tenantId: string): void {
    this.grants.rewind(tenantId);
    for (const stream of this.all) {
      if (stream.tenantId !== tenantId) continue;
      this.counts.known -= stream.events.length;
      stream.events.length = 0;
      stream.states.length = 0;
      stream.row = undefined;
    }
  }

  /** Reads what is new. */
  async read(): Promise<void> {
    for (const stream of this.streams.values()) stream.fresh = 0;
    const known = [...this.streams.values()];
    const ids = known.map(({ id }) => id);
    const { rows } = await this.#admin.query<EventRow>(EVENTS, [
      ids,
      known.map(({ events }) => events.at(-1)?.version ?? 0),
    ]);
    for (const row of rows) this.#take(row);
    for (const { id, events } of known) if (events.length === 0) this.streams.delete(id);
    const { rows: changed } = await this.#admin.query<RegisterRow>(ROWS, [
      ids,
      known.map(({ row }) => row?.version ?? -1),
    ]);
    for (const { exception_id, fields, ...row } of changed) {
      const stream = this.streams.get(exception_id);
      if (stream) stream.row = { ...row, state: { ...row.state, fields } };
    }
    this.counts.stored = rows[0]?.stored ?? (await this.#count());
    await this.#readOthers();
    await this.grants.read();
  }

  async #readOthers(): Promise<void> {
    const [{ rows: ledgers }, { rows }] = await Promise.all([
      this.#admin.query<LedgerRow>(LEDGERS),
      this.#admin.query<OtherRow>(OTHERS),
    ]);
    this.#ledgers = new Map(ledgers.map((row) => [row.tenant_id, row]));
    const before = new Map(this.others);
    this.others.clear();
    for (const {
      tenant_id: tenantId,
      stream_type: type,
      stream_id: id,
      payload,
      envelope,
    } of rows) {
      const { actor, data } = JSON.parse(payload) as { actor: Omit<Actor, 'id'>; data: unknown };
      const key = keyOf(type, id);
      const name = before.get(key)?.name ?? `T${this.#othersNamed + 1}`;
      const other = this.others.get(key) ?? { name, tenantId, type, intents: [] };
      if (!before.has(key) && !this.others.has(key)) this.#othersNamed += 1;
      this.others.set(key, other);
      other.intents.push(intentOf(actor.name));
      if (type === delegationStream.type) this.#follow(other, id, { envelope, actor, data });
    }
  }

  #follow(
    other: OtherStream,
    streamId: string,
    { envelope, actor, data }: Pick<OtherRow, 'envelope'> & Omit<StoredPayload, 'v'>,
  ): void {
    const { type, at: text, actor_id: id } = JSON.parse(envelope) as StoredEnvelope;
    const at = parseInstant(text) ?? 0;
    const event = delegationStream.upcast(type, 1, data);
    const { tenantId } = other;
    const context = { tenantId, streamId, at, actor: { id, ...actor } };
    other.delegation = delegationStream.evolve(other.delegation, event, context);
    const known = this.#beside.get(streamId) ?? { events: 0, intents: new Set<number>() };
    if (other.intents.length <= known.events) return;
    for (const number of this.#underWay()) known.intents.add(number);
    this.#beside.set(streamId, { events: other.intents.length, intents: known.intents });
  }

  #take(row: EventRow): void {
    const { tenant_id: tenantId, stream_id: id } = row;
    const stream = this.streams.get(id) ?? this.#name(tenantId, id);
    const envelope = JSON.parse(row.envelope) as StoredEnvelope;
    const { v, actor, data } = JSON.parse(row.payload) as StoredPayload;
    const event = exceptionStream.upcast(envelope.type, v, data);
    const at = parseInstant(envelope.at) ?? 0;
    const by = { id: envelope.actor_id, ...actor };
    const context = { tenantId, streamId: id, at, actor: by };
    stream.states.push(exceptionStream.evolve(stream.states.at(-1), event, context));
    const { version, event_id: eventId } = row;
    stream.events.push({
      eventId,
      version,
      event,
      at,
      actorId: by.id,
      intent: intentOf(actor.name),
    });
    stream.fresh += 1;
    this.counts.known += 1;
  }

  #name(tenantId: string, id: string): FoundStream {
    this.#named += 1;
    const name = `R${this.#named}`;
    const stream = { name, tenantId, id, events: [], fresh: 0, states: [], row: undefined };
    this.streams.set(id, stream);
    return stream;
  }

  async #count(): Promise<number> {
    const { rows } = await this.#admin.query<{ stored: number }>(
      "SELECT count(*)::int AS stored FROM lapse.events WHERE stream_type = 'exception'",
    );
    return rows[0]?.stored ?? 0;
  }
}

interface LedgerRow {
  readonly tenant_id: string;
  readonly epochs: number;
  readonly newest: number;
}

interface StoredEnvelope {
  readonly type: string;
  readonly at: string;
  readonly actor_id: string;
}

interface StoredPayload {
  readonly v: number;
  readonly actor: Omit<Actor, 'id'>;
  readonly data: unknown;
}

interface OtherRow {
  readonly tenant_id: string;
  readonly stream_type: string;
  readonly stream_id: string;
  readonly payload: string;
  readonly envelope: string;
}

interface EventRow {
  readonly tenant_id: string;
  readonly stream_id: string;
  readonly version: number;
  readonly event_id: string;
  readonly envelope: string;
  readonly payload: string;
  readonly stored: number;
}

interface RegisterRow {
  readonly exception_id: string;
  readonly version: number;
  readonly status: string;
  readonly state: ExceptionState;
  readonly fields: ExceptionState['fields'];
}

// Ids are made one after another, so that their order is the same in every run.
const EVENTS = `SELECT e.tenant_id, e.stream_id, e.version, e.event_id, p.payload,
    convert_from(e.envelope, 'UTF8') AS envelope,
    (SELECT count(*)::int FROM lapse.events WHERE stream_type = 'exception') AS stored
  FROM lapse.events e JOIN lapse.event_payloads p USING (tenant_id, stream_type, stream_id, version)
  LEFT JOIN unnest($1::text[], $2::int[]) AS k(id, version) ON k.id = e.stream_id
  WHERE e.stream_type = 'exception' AND e.version > coalesce(k.version, 0)
  ORDER BY e.stream_id, e.version`;

const ROWS = `SELECT e.exception_id, e.version, e.status, e.state, e.fields FROM lapse.exceptions e
  LEFT JOIN unnest($1::text[], $2::int[]) AS k(id, version) ON k.id = e.exception_id
  WHERE e.version IS DISTINCT FROM k.version ORDER BY e.exception_id`;

const LEDGERS = `SELECT tenant_id, count(*)::int AS epochs, max(epoch)::int AS newest
  FROM lapse.ledger_epochs GROUP BY tenant_id`;

const OTHERS = `SELECT tenant_id, stream_type, stream_id, p.payload, convert_from(e.envelope, 'UTF8') AS envelope
  FROM lapse.events e JOIN lapse.event_payloads p USING (tenant_id, stream_type, stream_id, version)
  WHERE stream_type NOT IN ('exception', 'grant') ORDER BY stream_id, version`;
