import {
  type ClientConfig,
  DatabaseError,
  Pool,
  type PoolClient,
  type PoolConfig,
  types,
} from 'pg';
import { inSpan } from '../telemetry/tracing.ts';
import { PipelinedTransaction } from './pipelined-transaction.ts';
import { settingsOf } from './reach.ts';
import type { Database, Reach } from './transaction.ts';

/** How the logins reach the database, and whether time may be moved. */
export interface DatabaseOptions {
  readonly application: PoolConfig;
  readonly worker: PoolConfig;
  /** Needed where tenants are deleted, and nowhere else. */
  readonly retention?: PoolConfig;
  /** Connections that each login may hold; 10 unless told. */
  readonly connections?: number;
  /** Adds the offset of `lapse.test_clock` to the time; loopback test servers alone. */
  readonly testClock?: boolean;
}

const ATTEMPTS = 8;
/** Serialisation failure and deadlock: trying again can help. */
const RETRYABLE = new Set(['40001', '40P01']);
/**
 * Rows that two transactions made at once: two commands on a stream, one request or one file twice.
 * An event and its payload are written by one statement, and either may be the one that is there.
 */
const CONFLICTS = new Set([
  'events_pkey',
  'event_payloads_pkey',
  'idempotency_pkey',
  'import_keys_pkey',
  'people_by_email',
  'person_subjects_pkey',
]);

const INT8 = 20;

/** Opens both pools. Nothing connects before the first transaction. */
export function openDatabase(options: DatabaseOptions): Database {
  return new PooledDatabase(options);
}

class PooledDatabase implements Database {
  readonly connection: ClientConfig;
  readonly #application: Pool;
  readonly #worker: Pool;
  readonly #retention: Pool | undefined;
  readonly #clock: string;
  #roundTrips = 0;

  constructor(options: DatabaseOptions) {
    const max = options.connections ?? 10;
    this.connection = options.application;
    this.#application = pool({ ...options.application, max, application_name: 'lapse-app' });
    this.#worker = pool({ ...options.worker, max, application_name: 'lapse-worker' });
    this.#retention =
      options.retention &&
      pool({ ...options.retention, max: 1, application_name: 'lapse-retention' });
    this.#clock = options.testClock
      ? 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000) + offset_ms AS now FROM lapse.test_clock'
      : 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000) AS now';
  }

  get roundTrips(): number {
    return this.#roundTrips;
  }

  inTenant<T>(reach: string | Reach, work: (tx: PipelinedTransaction) => Promise<T>): Promise<T> {
    return this.#retrying(this.#application, settingsOf(reach), work);
  }

  inRetention<T>(tenantId: string, work: (tx: PipelinedTransaction) => Promise<T>): Promise<T> {
    if (!this.#retention)
      throw new Error('tenants are deleted through a login of its own: set DATABASE_RETENTION_URL');
    return this.#retrying(this.#retention, settingsOf(tenantId), work);
  }

  inSystem<T>(work: (tx: PipelinedTransaction) => Promise<T>): Promise<T> {
    return this.#retrying(this.#worker, '', work);
  }

  async close(): Promise<void> {
    await Promise.all([this.#application.end(), this.#worker.end(), this.#retention?.end()]);
  }

  async #retrying<T>(
    from: Pool,
    setting: string,
    work: (tx: PipelinedTransaction) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const client = await from.connect();
      try {
        return await inSpan('transaction', () => this.#run(client, setting, work));
      } catch (error) {
        if (attempt >= ATTEMPTS || !isRetryable(error)) throw error;
      }
    }
  }

  async #run<T>(
    client: PoolClient,
    setting: string,
    work: (tx: PipelinedTransaction) => Promise<T>,
  ): Promise<T> {
    const tx = new PipelinedTransaction(client, `BEGIN; ${setting} ${this.#clock}`);
    let broken: Error | undefined;
    try {
      const result = await work(tx);
      await tx.commit();
      return result;
    } catch (error) {
      broken = await tx.rollback();
      throw error;
    } finally {
      this.#roundTrips += tx.roundTrips;
      // A connection whose rollback failed may still be inside the transaction: it must not go back.
      client.release(broken);
    }
  }
}

function pool(config: PoolConfig): Pool {
  const opened = new Pool({
    ...config,
    pipeline: true,
    idleTimeoutMillis: 30_000,
    connectionTimeoutMillis: 10_000,
    statement_timeout: 30_000,
    idle_in_transaction_session_timeout: 30_000,
    types: { getTypeParser: parserFor },
  } as PoolConfig);
  // An idle connection that the server drops is replaced at the next use; it is no reason to die.
  opened.on('error', () => {});
  opened.on('connect', (client) => {
    // One that breaks while it is used fails its queries; the event beside them must not end the process.
    client.on('error', () => {});
    // Times are read as text in places; what the server or the login prefers must not show in them.
    client.query("SET TimeZone = 'UTC'; SET DateStyle = 'ISO'").catch(() => {});
  });
  return opened;
}

/** Counts and positions are far below 2^53, so they come back as numbers. */
function parserFor(oid: number, format?: 'text' | 'binary') {
  return oid === INT8 && format !== 'binary' ? Number : types.getTypeParser(oid, format as 'text');
}

function isRetryable(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false;
  return (
    RETRYABLE.has(error.code ?? '') ||
    (error.code === '23505' && CONFLICTS.has(error.constraint ?? ''))
  );
}
