import { Client, type ClientConfig, Query, type QueryResultRow, types } from 'pg';
import { isUlid } from '../../domain/ids.ts';

/** What reads: a transaction, or a snapshot. */
export interface Reader {
  query<Row extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** A column's value as PostgreSQL writes it in text; null for NULL. */
export type RawRow = readonly (string | null)[];

/**
 * One tenant's data as it stood at one moment, however long the reading takes: a connection of its
 * own in a read-only transaction at REPEATABLE READ. It keeps PostgreSQL from cleaning up rows that
 * were replaced since, so close it soon.
 */
export interface Snapshot extends Reader {
  /**
   * Hands over a statement's rows one by one while they arrive, none of them kept: the memory it
   * takes does not depend on their number. Rejects with what `onRow` throws.
   */
  each(text: string, values: readonly unknown[], onRow: (row: RawRow) => void): Promise<void>;
  /** Another connection that sees the very same. It has to be closed too, and before this one. */
  beside(): Promise<Snapshot>;
  close(): Promise<void>;
}

const INT8 = 20;
const parsers = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? Number : types.getTypeParser(oid, format as 'text'),
};

/**
 * Opens a snapshot as the application's login. Times are UTC in it, in JSON too.
 *
 * @throws Error where the database cannot be reached, or the tenant's id is not a ULID.
 */
export function openSnapshot(config: ClientConfig, tenantId: string): Promise<Snapshot> {
  // The id goes into the text of a query, so nothing but a ULID may come this far.
  if (!isUlid(tenantId)) throw new Error('a tenant is named by a ULID');
  return open(config, tenantId, '');
}

async function open(config: ClientConfig, tenantId: string, adopt: string): Promise<Snapshot> {
  const client = new Client({
    ...config,
    application_name: 'lapse-snapshot',
    connectionTimeoutMillis: 10_000,
  });
  // A connection that breaks between two statements shows at the next one.
  client.on('error', () => {});
  await client.connect();
  const snapshot = new ClientSnapshot(client, config, tenantId);
  try {
    await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${adopt}
      SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL lapse.tenant = '${tenantId}'`);
    return snapshot;
  } catch (error) {
    await snapshot.close();
    throw error;
  }
}

class ClientSnapshot implements Snapshot {
  readonly #client: Client;
  readonly #config: ClientConfig;
  readonly #tenantId: string;

  constructor(client: Client, config: ClientConfig, tenantId: string) {
    this.#client = client;
    this.#config = config;
    this.#tenantId = tenantId;
  }

  async query<Row extends QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    const { rows } = await this.#client.query<Row>({ text, values: [...values], types: parsers });
    return rows;
  }

  each(text: string, values: readonly unknown[], onRow: (row: RawRow) => void): Promise<void> {
    return ArrivingRows.of(this.#client, text, values, onRow);
  }

  async beside(): Promise<Snapshot> {
    const [row] = await this.query<{ name: string }>('SELECT pg_export_snapshot() AS name');
    return open(this.#config, this.#tenantId, `SET TRANSACTION SNAPSHOT '${row?.name}';`);
  }

  async close(): Promise<void> {
    await this.#client.end();
  }
}

/** A statement whose rows are passed on as they arrive, as the driver has them. */
export class ArrivingRows extends Query {
  failure: unknown;
  readonly #onRow: (row: RawRow) => void;

  /** Runs a statement to its end; see {@link Snapshot.each}. */
  static of(
    client: Client,
    text: string,
    values: readonly unknown[],
    onRow: (row: RawRow) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const rows = new ArrivingRows(text, values, onRow);
      rows.on('error', reject);
      rows.on('end', () => (rows.failure === undefined ? resolve() : reject(rows.failure)));
      client.query(rows);
    });
  }

  private constructor(text: string, values: readonly unknown[], onRow: (row: RawRow) => void) {
    super({ text, values: [...values] });
    this.#onRow = onRow;
  }

  // The driver calls this from the socket's event, where nothing may be thrown.
  handleDataRow({ fields }: { fields: RawRow }): void {
    if (this.failure !== undefined) return;
    try {
      this.#onRow(fields);
    } catch (error) {
      this.failure = error ?? new Error('a row could not be taken');
    }
  }
}

/** An instant of RFC 3339 in UTC to the millisecond, as PostgreSQL's JSON functions write it. */
export function jsonInstant(text: string): string {
  if (!text.endsWith('Z')) return text;
  const seconds = text.slice(0, 19);
  const fraction = text.slice(20, 23).replace(/0+$/, '');
  return fraction === '' ? `${seconds}+00:00` : `${seconds}.${fraction}+00:00`;
}
