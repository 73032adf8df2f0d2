import type { Actor } from '../domain/access/actor.ts';
import type { ApprovalSignature } from '../domain/signature/approval-signature.ts';
import type { Passkey } from '../domain/signature/passkey.ts';
import type { Reader } from '../platform/db/snapshot.ts';
import type { Transaction } from '../platform/db/transaction.ts';

/** An event as a decider gives it. */
export interface DomainEvent {
  readonly type: string;
  readonly data: unknown;
}

/** When, through whom and in which stream an event happened. */
export interface EventContext {
  readonly tenantId: string;
  readonly streamId: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly actor: Actor;
}

/** A stream's newest state, with its number of events: what a projection holds. */
export interface StreamState<State> {
  readonly tenantId: string;
  readonly id: string;
  readonly version: number;
  readonly state: State;
}

/** A stream's state after a change, with the one before, so that a projection can skip what stayed. */
export interface StreamChange<State> extends StreamState<State> {
  readonly previous: State | undefined;
}

/**
 * One kind of stream and its projection. `write` and `project` go together: verification folds the
 * events, asks `project` what the stored row has to be, and compares.
 */
export interface StreamKind<State, Event extends DomainEvent> {
  /** `exception`, `identity` …: the first part of the stream's name in the ledger. */
  readonly type: string;
  /** Reads a stored event of any released version; throws on one it does not know. */
  upcast(type: string, version: number, data: unknown): Event;
  /** The newest version of an event type. */
  versionOf(event: Event): number;
  evolve(state: State | undefined, event: Event, context: EventContext): State;
  /** Queues the projection rows and due rows, set-based, with the COMMIT. */
  write(tx: Transaction, changes: readonly StreamChange<State>[]): void;
  /** Every table that `write` fills; a stream has at least one row in the first, and any number in others. */
  readonly tables: readonly ProjectionTable[];
  /** The rows that a state must have in each of `tables`. */
  project(row: StreamState<State>): readonly (readonly ProjectedRow[])[];
  /** What somebody has signed of an event, or should have; `before` is the state that it came upon. */
  signedOf?(
    before: State | undefined,
    event: Event,
    context: EventContext,
  ): SignedEvent | undefined;
  /** The keys that people sign with, as streams of this kind have registered them; read from its rows. */
  keysOf?(reader: Reader, tenantId: string): Promise<readonly SigningKey[]>;
  /**
   * What of a tenant's rows beside the projection, which are compared one by one, is not what it has
   * to be: counters that differ from what they count, contents that differ from their digests.
   */
  compareBeside?(
    reader: Reader,
    tenantId: string,
  ): Promise<{ readonly code: BesideCode; readonly message: string } | undefined>;
}

/** An event that is signed, or should be. */
export interface SignedEvent {
  /** Absent where nobody has signed it. */
  readonly signature: ApprovalSignature | undefined;
  /** The rule that asks for a signature; absent where none does. */
  readonly rule: string | undefined;
  /** What of the statement contradicts the event; absent where it says the same. */
  readonly contradiction: string | undefined;
}

/** A key that somebody has registered, with the times between which it was theirs. */
export type SigningKey = Pick<
  Passkey,
  'credential_id' | 'public_key' | 'rp_id' | 'registered_at' | 'removed_at'
> & {
  /** The actor whose it is. */
  readonly holder: string;
};

/** What can be wrong beside a projection. */
type BesideCode = 'counter-mismatch' | 'policy-mismatch';

/** A table of a projection. */
export interface ProjectionTable {
  readonly table: string;
  /** The column that holds the stream's id. */
  readonly id: string;
  /** What follows from events: all other columns, save what the database derives by itself. */
  readonly columns: readonly string[];
}

/**
 * A row as a snapshot reads it, in the order of the table's columns: each value as PostgreSQL writes
 * it in text, in UTC; null for NULL; any other value stands for its JSON.
 */
export type ProjectedRow = readonly (string | null | object)[];

/** Any kind, where only its type matters. */
// biome-ignore lint/suspicious/noExplicitAny: a registry holds kinds of different states and events.
export type AnyStreamKind = StreamKind<any, any>;
