import type { CompiledQuery } from 'kysely';
import type { QueryResultRow } from 'pg';
import type { Transaction } from '../../platform/db/transaction.ts';

/**
 * A transaction whose queued writes are sent batch by batch instead of with the COMMIT, so that an
 * import of any size holds one batch in memory. It is one transaction all the same.
 */
export class BatchedWrites implements Transaction {
  readonly #tx: Transaction;
  readonly #queued: { text: string; values: readonly unknown[] }[] = [];

  constructor(tx: Transaction) {
    this.#tx = tx;
  }

  get now(): Promise<number> {
    return this.#tx.now;
  }

  query<Row extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    return this.#tx.query(text, values);
  }

  execute<Row>(query: CompiledQuery<Row>): Promise<Row[]> {
    return this.#tx.execute(query);
  }

  atCommit(text: string, values: readonly unknown[]): void {
    this.#queued.push({ text, values });
  }

  /** Sends what is queued, in its order, in one round trip; rejects with the first failure. */
  async flush(): Promise<void> {
    await Promise.all(
      this.#queued.splice(0).map(({ text, values }) => this.#tx.query(text, values)),
    );
  }
}
