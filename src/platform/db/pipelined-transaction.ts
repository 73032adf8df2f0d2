import type { Writable } from 'node:stream';
import type { CompiledQuery } from 'kysely';
import type { PoolClient, QueryResult, QueryResultRow } from 'pg';
import type { Transaction } from './transaction.ts';

/**
 * One transaction on one connection in pipeline mode: BEGIN goes out with the first query, queued
 * writes go out with COMMIT. After a failed statement PostgreSQL answers the COMMIT with ROLLBACK,
 * so sending it ahead of the answers can never write a part.
 */
export class PipelinedTransaction implements Transaction {
  readonly now: Promise<number>;
  readonly #client: PoolClient;
  readonly #queued: { text: string; values: readonly unknown[] }[] = [];
  #inFlight = 0;
  #roundTrips = 0;

  constructor(client: PoolClient, begin: string) {
    this.#client = client;
    const release = hold(client);
    this.now = this.#send(() => client.query(begin)).then(clockOf);
    release();
    // A failed BEGIN surfaces through whoever awaits it or through the first query.
    this.now.catch(() => {});
  }

  /** How often the client had to wait for the server. */
  get roundTrips(): number {
    return this.#roundTrips;
  }

  async query<Row extends QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    const result = await this.#send(() => this.#client.query<Row>(prepared(text, values)));
    return result.rows;
  }

  async execute<Row>(query: CompiledQuery<Row>): Promise<Row[]> {
    const { sql: text, parameters } = query;
    const statement = mayPrepare(text)
      ? prepared(text, parameters)
      : { text, values: [...parameters] };
    const result = await this.#send(() => this.#client.query(statement));
    return result.rows as Row[];
  }

  atCommit(text: string, values: readonly unknown[]): void {
    this.#queued.push({ text, values });
  }

  /** Sends what is queued and COMMIT together; rejects with the first failure, nothing written. */
  async commit(): Promise<void> {
    const release = hold(this.#client);
    const writes = this.#queued.map(({ text, values }) =>
      this.#send(() => this.#client.query(prepared(text, values))),
    );
    const done = this.#send(() => this.#client.query('COMMIT'));
    release();
    const results = await Promise.allSettled([this.now, ...writes, done]);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    const { command } = await done;
    if (command !== 'COMMIT') throw new Error('the transaction was rolled back by the server');
  }

  /** Rolls back; answers the error where the connection can no longer be trusted. */
  async rollback(): Promise<Error | undefined> {
    try {
      await this.#client.query('ROLLBACK');
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  async #send<T>(run: () => Promise<T>): Promise<T> {
    if (this.#inFlight === 0) this.#roundTrips += 1;
    this.#inFlight += 1;
    try {
      return await run();
    } finally {
      this.#inFlight -= 1;
    }
  }
}

/**
 * Holds back what is written to the connection until the running code has given way after release,
 * so that a burst of statements leaves in one system call instead of several for each.
 */
function hold(client: PoolClient): () => void {
  const { stream } = (client as unknown as { connection: { stream: Writable } }).connection;
  stream.cork();
  return () => process.nextTick(() => stream.uncork());
}

const names = new Map<string, string>();

/** A fixed statement under a name of its own, so that each connection parses and plans it once. */
function prepared(text: string, values: readonly unknown[]) {
  let name = names.get(text);
  if (name === undefined) {
    name = `lapse_${names.size + 1}`;
    names.set(text, name);
  }
  return { name, text, values: [...values] };
}

/**
 * Composed statements take longer to plan than to run. They come in too many forms to keep each one
 * prepared; the first ones that are asked for are those that people ask for again.
 */
const COMPOSED = 256;
const composed = new Set<string>();

function mayPrepare(text: string): boolean {
  if (composed.size < COMPOSED) composed.add(text);
  return composed.has(text);
}

function clockOf(result: QueryResult | QueryResult[]): number {
  const last = Array.isArray(result) ? result.at(-1) : result;
  return Number((last?.rows[0] as { now?: string } | undefined)?.now);
}
