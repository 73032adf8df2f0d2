import type { Readable, Writable } from 'node:stream';
import type { CompiledQuery } from 'kysely';
import { Client, type ClientConfig, type QueryResultRow, types } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { BinaryRow } from './binary-row.ts';
import {
  ArrivingRows,
  CopiedRows,
  passRows,
  type RawRow,
  readBatches,
  type Snapshot,
} from './snapshot.ts';
import type { Transaction } from './transaction.ts';

/** How a {@link WholeTransaction} begins. */
export interface WholeTransactionOptions {
  /** As `pg_stat_activity` shows it. */
  readonly name: string;
  /** `BEGIN` with its isolation level, and settings that last as long as the transaction. */
  readonly begin: string;
}

const INT8 = 20;
const parsers = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? Number : types.getTypeParser(oid, format as 'text'),
};

/**
 * One connection in one transaction that sees every tenant: what backup and restore work in. It is
 * a snapshot to those who read and a transaction to those who write; what they queue is sent by
 * `flush`, so that the memory it takes does not grow with what is written.
 */
export class WholeTransaction implements Transaction, Snapshot {
  readonly now: Promise<number>;
  readonly #client: Client;
  #queued: { text: string; values: readonly unknown[] }[] = [];

  private constructor(client: Client) {
    this.#client = client;
    this.now = this.query<{ now: number }>(
      'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now',
    ).then(([row]) => row?.now ?? 0);
    // Whoever awaits it sees the failure.
    this.now.catch(() => {});
  }

  /**
   * Times are UTC and ISO in it, as in snapshots. Throws where the database cannot be reached. Once
   * `signal` is aborted, whatever the transaction is doing fails, and all of it is undone.
   */
  static async begin(
    connection: ClientConfig,
    { name, begin }: WholeTransactionOptions,
    signal?: AbortSignal,
  ): Promise<WholeTransaction> {
    const client = new Client({
      ...connection,
      application_name: name,
      connectionTimeoutMillis: 10_000,
    });
    // A connection that breaks between two statements shows at the next one.
    client.on('error', () => {});
    await client.connect();
    try {
      // However large the register is, and whatever the login is allowed otherwise; but for nobody.
      const patience =
        'SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL client_connection_check_interval = 200';
      await client.query(
        `${begin}; ${patience}; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL bytea_output = 'hex'`,
      );
    } catch (error) {
      await client.end();
      throw error;
    }
    const tx = new WholeTransaction(client);
    signal?.addEventListener('abort', () => tx.close(), { once: true });
    return tx;
  }

  /** The connection itself, for what is written for one: migrations and roles. */
  get client(): Client {
    return this.#client;
  }

  async query<Row extends QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    const { rows } = await this.#client.query<Row>({ text, values: [...values], types: parsers });
    return rows;
  }

  execute<Row>({ sql, parameters }: CompiledQuery<Row>): Promise<Row[]> {
    return this.query(sql, parameters) as Promise<Row[]>;
  }

  each(text: string, values: readonly unknown[], onRow: (row: RawRow) => void): Promise<void> {
    return passRows(this.#client, new ArrivingRows(text, values, onRow));
  }

  copy(
    text: string,
    values: readonly (string | number)[],
    onRow: (row: BinaryRow) => void,
  ): Promise<void> {
    return passRows(this.#client, new CopiedRows(text, values, onRow));
  }

  batches<Row extends QueryResultRow>(
    text: string,
    values: readonly unknown[],
    size: number,
  ): AsyncGenerator<readonly Row[], void> {
    return readBatches(this, text, values, size);
  }

  atCommit(text: string, values: readonly unknown[]): void {
    this.#queued.push({ text, values });
  }

  /** Sends what is queued. */
  async flush(): Promise<void> {
    const queued = this.#queued;
    this.#queued = [];
    for (const { text, values } of queued) await this.query(text, values);
  }

  /** The rows of `COPY … TO STDOUT`. */
  copyOut(statement: string): Readable {
    return this.#client.query(copyTo(statement));
  }

  /** Takes the rows of `COPY … FROM STDIN`. It is done when the stream has finished. */
  copyIn(statement: string): Writable {
    return this.#client.query(copyFrom(statement));
  }

  /** The same connection: nobody else can see what is not committed. */
  async beside(): Promise<Snapshot> {
    return {
      query: (text, values) => this.query(text, values),
      each: (text, values, onRow) => this.each(text, values, onRow),
      copy: (text, values, onRow) => this.copy(text, values, onRow),
      batches: (text, values, size) => this.batches(text, values, size),
      beside: () => this.beside(),
      close: async () => {},
    };
  }

  async commit(): Promise<void> {
    await this.flush();
    const { command } = await this.#client.query('COMMIT');
    if (command !== 'COMMIT') throw new Error('the transaction was rolled back by the server');
  }

  /** Ends the connection; what was not committed is rolled back by the server. */
  async close(): Promise<void> {
    await this.#client.end();
  }
}
