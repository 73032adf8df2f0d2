import { Client, type ClientConfig, escapeLiteral, Query, type QueryResultRow, types } from 'pg';
import { BinaryRow } from './binary-row.ts';
import { settingsOf } from './reach.ts';
import type { Reach } from './transaction.ts';

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
  /**
   * Hands over a statement's rows so many at a time, and asks for more when they are asked for: as
   * slow as whoever takes them. One statement after another, not two at once.
   */
  batches<Row extends QueryResultRow>(
    text: string,
    values: readonly unknown[],
    size: number,
  ): AsyncGenerator<readonly Row[], void>;
  /**
   * As `each`, in binary: bytes and text arrive as they are, which costs both sides less than half.
   * It is one row that is handed over, with other content each time.
   */
  copy(
    text: string,
    values: readonly (string | number)[],
    onRow: (row: BinaryRow) => void,
  ): Promise<void>;
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
 * Opens a snapshot as the application's login. Times are UTC in it, in JSON too. A statement that
 * runs while its connection is closed here ends within a second.
 *
 * @throws Error where the database cannot be reached, or the tenant's id is not a ULID.
 */
export async function openSnapshot(config: ClientConfig, reach: string | Reach): Promise<Snapshot> {
  return open(config, settingsOf(reach), '');
}

async function open(config: ClientConfig, settings: string, adopt: string): Promise<Snapshot> {
  const client = new Client({
    ...config,
    application_name: 'lapse-snapshot',
    connectionTimeoutMillis: 10_000,
  });
  // A connection that breaks between two statements shows at the next one.
  client.on('error', () => {});
  await client.connect();
  const snapshot = new ClientSnapshot(client, config, settings);
  try {
    await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${adopt}
      SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; ${settings}
      SET LOCAL client_connection_check_interval = '1s'`);
    return snapshot;
  } catch (error) {
    await snapshot.close();
    throw error;
  }
}

class ClientSnapshot implements Snapshot {
  readonly #client: Client;
  readonly #config: ClientConfig;
  readonly #settings: string;

  constructor(client: Client, config: ClientConfig, settings: string) {
    this.#client = client;
    this.#config = config;
    this.#settings = settings;
  }

  async query<Row extends QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    const { rows } = await this.#client.query<Row>({ text, values: [...values], types: parsers });
    return rows;
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

  async beside(): Promise<Snapshot> {
    const [row] = await this.query<{ name: string }>('SELECT pg_export_snapshot() AS name');
    return open(this.#config, this.#settings, `SET TRANSACTION SNAPSHOT '${row?.name}';`);
  }

  async close(): Promise<void> {
    await this.#client.end();
  }
}

/** See {@link Snapshot.batches}. */
export async function* readBatches<Row extends QueryResultRow>(
  reader: Reader,
  text: string,
  values: readonly unknown[],
  size: number,
): AsyncGenerator<readonly Row[], void> {
  await reader.query(`DECLARE batches NO SCROLL CURSOR FOR ${text}`, values);
  for (;;) {
    const rows = await reader.query<Row>(`FETCH ${Math.trunc(size)} FROM batches`);
    if (rows.length > 0) yield rows;
    if (rows.length < size) break;
  }
  await reader.query('CLOSE batches');
}

/** Runs a statement to its end; rejects with what taking one of its rows threw. */
export function passRows(client: Client, rows: PassingRows<never>): Promise<void> {
  return new Promise((resolve, reject) => {
    rows.on('error', reject);
    rows.on('end', () => (rows.failure === undefined ? resolve() : reject(rows.failure)));
    client.query(rows);
  });
}

/** A statement whose rows are passed on as they arrive. */
class PassingRows<Row> extends Query {
  failure: unknown;
  readonly #onRow: (row: Row) => void;

  constructor(text: string, values: readonly unknown[], onRow: (row: Row) => void) {
    super({ text, values: [...values] });
    this.#onRow = onRow;
  }

  // The driver hands rows over from the socket's event, where nothing may be thrown.
  protected pass(read: () => Row | undefined): void {
    if (this.failure !== undefined) return;
    try {
      const row = read();
      if (row !== undefined) this.#onRow(row);
    } catch (error) {
      this.failure = error ?? new Error('a row could not be taken');
    }
  }
}

/** Rows as the driver has them. */
export class ArrivingRows extends PassingRows<RawRow> {
  handleDataRow({ fields }: { fields: RawRow }): void {
    this.pass(() => fields);
  }
}

/** Rows of COPY's binary format: PostgreSQL sends each in a message of its own. */
export class CopiedRows extends PassingRows<BinaryRow> {
  readonly #row = new BinaryRow();

  constructor(text: string, values: readonly (string | number)[], onRow: (row: BinaryRow) => void) {
    // COPY takes no parameters, so they become literals in its text.
    const literals = values.map((value) =>
      typeof value === 'number' ? `${value}` : escapeLiteral(value),
    );
    const statement = text.replace(/\$(\d+)/g, (_, number) => literals[number - 1] ?? 'NULL');
    super(`COPY (${statement}) TO STDOUT (FORMAT binary)`, [], onRow);
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    this.pass(() => (this.#row.moveTo(chunk) ? this.#row : undefined));
  }
}

/** An instant of RFC 3339 in UTC to the millisecond, as PostgreSQL writes it in a snapshot. */
export function storedInstant(text: string): string {
  if (!text.endsWith('Z')) return text;
  const day = text.slice(0, 10);
  const time = text.slice(11, 19);
  const fraction = text.slice(20, 23).replace(/0+$/, '');
  return fraction === '' ? `${day} ${time}+00` : `${day} ${time}.${fraction}+00`;
}
