import type { Actor } from '../domain/access/actor.ts';
import type { Transaction } from '../platform/db/transaction.ts';
import { type EncodedEvent, encodeEvent, type Payload } from './event-codec.ts';
import type { DomainEvent, StreamChange, StreamKind, StreamState } from './stream.ts';

/** New events for one stream, decided on the state that the caller has loaded in this transaction. */
export interface Append<State, Event extends DomainEvent> {
  readonly tenantId: string;
  readonly streamId: string;
  /** The state before, with its version; `undefined` for a new stream. */
  readonly before: { readonly version: number; readonly state: State } | undefined;
  readonly events: readonly Event[];
  /** Epoch milliseconds; never before the stream's last event. */
  readonly at: number;
  readonly actor: Actor | ((event: Event) => Actor);
}

interface Pending extends EncodedEvent {
  readonly tenantId: string;
  readonly streamType: string;
  readonly streamId: string;
  readonly version: number;
}

/**
 * THE write path, for one stream or many of a kind: whatever changes a stream goes through here, so that events, payloads,
 * projections, due rows and the ledger's pending rows are written in one transaction or not at all.
 * It takes no tenant-wide lock: two commands on one stream meet at the primary key of `events`, and
 * the later one runs again (DESIGN section 2, Ledger). Appends without events change nothing.
 */
export function record<State, Event extends DomainEvent>(
  tx: Transaction,
  kind: StreamKind<State, Event>,
  appends: readonly Append<State, Event>[],
): StreamState<State>[] {
  const pending: Pending[] = [];
  const changes = appends
    .filter((append) => append.events.length > 0)
    .map((append) => fold(kind, append, pending));
  if (changes.length > 0) {
    writeEvents(tx, pending);
    kind.write(tx, changes);
  }
  return changes;
}

function fold<State, Event extends DomainEvent>(
  kind: StreamKind<State, Event>,
  append: Append<State, Event>,
  pending: Pending[],
): StreamChange<State> {
  const { tenantId, streamId, at, before } = append;
  let version = before?.version ?? 0;
  let state = before?.state;
  for (const event of append.events) {
    const actor = typeof append.actor === 'function' ? append.actor(event) : append.actor;
    version += 1;
    const encoded = encodeEvent({
      stream: `${kind.type}:${streamId}`,
      version,
      type: event.type,
      eventVersion: kind.versionOf(event),
      at,
      actor,
      data: event.data,
    });
    pending.push({ ...encoded, tenantId, streamType: kind.type, streamId, version });
    // What is stored is folded, so that folding it again gives the same to the letter.
    const { data } = JSON.parse(encoded.payload) as Payload;
    state = kind.evolve(state, { ...event, data }, { tenantId, streamId, at, actor });
  }
  return { tenantId, id: streamId, version, state: state as State, previous: before?.state };
}

function writeEvents(tx: Transaction, pending: readonly Pending[]): void {
  if (pending.length === 0) return;
  const column = <K extends keyof Pending>(name: K) => pending.map((event) => event[name]);
  // One statement: the pending rows must take their positions in the order of the events.
  tx.atCommit(
    `WITH new AS (
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::bytea[], $7::bytea[], $8::text[])
         WITH ORDINALITY AS n(tenant_id, stream_type, stream_id, version, event_id, envelope, salt, payload, at)
     ), events AS (
       INSERT INTO lapse.events (tenant_id, stream_type, stream_id, version, event_id, envelope)
       SELECT tenant_id, stream_type, stream_id, version, event_id, envelope FROM new
     ), payloads AS (
       INSERT INTO lapse.event_payloads (tenant_id, stream_type, stream_id, version, salt, payload)
       SELECT tenant_id, stream_type, stream_id, version, salt, payload FROM new
     )
     INSERT INTO lapse.ledger_pending (tenant_id, event_id) SELECT tenant_id, event_id FROM new ORDER BY at`,
    [
      column('tenantId'),
      column('streamType'),
      column('streamId'),
      column('version'),
      column('eventId'),
      column('envelope'),
      column('salt'),
      column('payload'),
    ],
  );
}
