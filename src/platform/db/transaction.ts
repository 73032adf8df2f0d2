import type { CompiledQuery } from 'kysely';
import type { ClientConfig, QueryResultRow } from 'pg';

/**
 * A transaction that is under way. Queries go out without waiting for one another, so that what
 * does not depend on an answer shares a round trip; what is queued by `atCommit` goes out with the
 * COMMIT, and if any of it fails nothing was written.
 */
export interface Transaction {
  /** The domain's time in epoch milliseconds: read once, from the database (DESIGN section 2, Clocks). */
  readonly now: Promise<number>;
  /** Runs a parameterised statement; rows come back as plain objects. */
  query<Row extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs what Kysely compiled. */
  execute<Row>(query: CompiledQuery<Row>): Promise<Row[]>;
  /** Queues a write whose answer nobody needs; it is sent with the COMMIT, in the order queued. */
  atCommit(text: string, values: readonly unknown[]): void;
}

/** How far a transaction sees: one tenant, and of its records those up to a clearance. */
export interface Reach {
  readonly tenantId: string;
  /** A classification's name; one that the database does not know reaches what is public. */
  readonly clearance: string;
}

/** The ways to data. Nothing that has an effect outside the database may run in a callback. */
export interface Database {
  /**
   * As the application, seeing one tenant alone; of records, without a clearance, what is public. The
   * callback may run again after a conflict.
   */
  inTenant<T>(reach: string | Reach, work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** As the worker, across tenants. The callback may run again after a conflict. */
  inSystem<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** As the retention's login, which can take rows out of one tenant that is being deleted, and no more. */
  inRetention<T>(tenantId: string, work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** How the application's login reaches the database: for snapshots, which have their own connections. */
  readonly connection: ClientConfig;
  /** Round trips that transactions have made so far; for tests and metrics. */
  readonly roundTrips: number;
  close(): Promise<void>;
}
