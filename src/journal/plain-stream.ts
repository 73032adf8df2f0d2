import type { DomainEvent, EventContext, StreamKind } from './stream.ts';

/**
 * How the events of a stream are read and written while each type has been given one shape: its version
 * by type, so that a type that is not listed does not compile.
 */
export function knownEvents<Event extends DomainEvent>(
  versions: Readonly<Record<Event['type'], number>>,
): Pick<StreamKind<unknown, Event>, 'upcast' | 'versionOf'> {
  return {
    upcast(type, version, data) {
      if (Object.hasOwn(versions, type) && version === versions[type as Event['type']])
        return { type, data } as Event;
      throw new Error(`unknown event ${type} version ${version}`);
    },
    versionOf: ({ type }) => versions[type as Event['type']],
  };
}

/** What tells one plain stream from another. */
interface PlainStream<State extends object, Event extends DomainEvent> {
  /** The first part of the stream's name in the ledger. */
  readonly type: string;
  /** Of the schema `lapse`, with the columns `tenant_id`, the id, `version` and `state`. */
  readonly table: string;
  /** The column that holds the stream's id. */
  readonly id: string;
  readonly versions: Readonly<Record<Event['type'], number>>;
  readonly evolve: (state: State | undefined, event: Event, context: EventContext) => State;
}

/** A kind of stream whose row is its version and its state, and nothing else. */
export function plainStream<State extends object, Event extends DomainEvent>({
  type,
  table,
  id,
  versions,
  evolve,
}: PlainStream<State, Event>): StreamKind<State, Event> {
  return {
    type,
    ...knownEvents<Event>(versions),
    evolve,
    write(tx, changes) {
      const rows = changes.map(({ tenantId, id: streamId, version, state }) => [
        ...[tenantId, streamId, version, state],
      ]);
      tx.atCommit(
        `INSERT INTO lapse.${table} (tenant_id, ${id}, version, state)
         SELECT r->>0, r->>1, (r->>2)::int, r->3 FROM json_array_elements($1::json) AS r
         ON CONFLICT (tenant_id, ${id}) DO UPDATE SET version = EXCLUDED.version, state = EXCLUDED.state`,
        [JSON.stringify(rows)],
      );
    },
    tables: [{ table, id, columns: ['version', 'state'] }],
    project: ({ version, state }) => [[[String(version), state]]],
  };
}
