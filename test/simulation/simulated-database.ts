import type { CompiledQuery } from 'kysely';
import type { QueryResultRow } from 'pg';
import type { Database, Transaction } from '../../src/platform/db/transaction.ts';
import type { Activity, Lock } from './schedule.ts';

/** The domain's time in the hands of the simulation, in epoch milliseconds. */
export class SimulatedClock {
  #now: number;
  /** Time that never runs back, whatever becomes of the domain's: that of everything outside. */
  passed: number;

  constructor(start: number) {
    this.#now = start;
    this.passed = start;
  }

  get now(): number {
    return this.#now;
  }

  set now(at: number) {
    this.passed += Math.max(0, at - this.#now);
    this.#now = at;
  }
}

/** A statement on its way to the database. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** What becomes of a statement: mutants change some, or answer `undefined` to drop a write. */
export type AlterStatement = (statement: Statement) => Statement | undefined;

/** What {@link simulatedDatabase} needs. */
export interface SimulatedDatabaseOptions {
  readonly base: Database;
  readonly clock: SimulatedClock;
  /** Whose steps these are; without one nothing waits. */
  readonly activity?: Activity;
  readonly onCommit?: () => void;
  readonly alter?: AlterStatement;
}

type Work<T> = (tx: Transaction) => Promise<T>;

/**
 * The product's database through its own port, and real below: the time of a transaction is the
 * simulation's, and each statement, the COMMIT and what follows it are steps of an activity. Whoever
 * dies before the COMMIT is rolled back; whoever dies after it does not hear of it.
 */
export function simulatedDatabase(options: SimulatedDatabaseOptions): Database {
  const { base } = options;
  return {
    inTenant: (tenantId, work) => transact(options, (body) => base.inTenant(tenantId, body), work),
    inSystem: (work) => transact(options, (body) => base.inSystem(body), work),
    inRetention: (tenantId, work) =>
      transact(options, (body) => base.inRetention(tenantId, body), work),
    connection: base.connection,
    get roundTrips() {
      return base.roundTrips;
    },
    close: async () => {},
  };
}

async function transact<T>(
  options: SimulatedDatabaseOptions,
  open: (body: Work<T>) => Promise<T>,
  work: Work<T>,
): Promise<T> {
  const { activity, onCommit } = options;
  await activity?.reach('between transactions', 'begins a transaction');
  let wrote = false;
  activity?.begin();
  // The product runs this again where two transactions met.
  const body: Work<T> = async (tx) => {
    activity?.end();
    try {
      const stepped = new SteppedTransaction(tx, options);
      const result = await work(stepped);
      wrote = stepped.wrote;
      if (wrote) await activity?.reach('before a commit', 'commits', stepped.lockAtCommit);
      return result;
    } finally {
      // COMMIT or ROLLBACK is on its way.
      activity?.begin();
    }
  };
  const result = await open(body).finally(() => activity?.end());
  // Only what was written can leave somebody in doubt.
  if (!wrote) return result;
  onCommit?.();
  await activity?.reach('after a commit', 'hears of its commit');
  return result;
}

class SteppedTransaction implements Transaction {
  readonly now: Promise<number>;
  readonly #tx: Transaction;
  readonly #activity: Activity | undefined;
  readonly #alter: AlterStatement;
  #wrote = false;
  #holdsGrants = false;
  #writesGrants = false;

  constructor(
    tx: Transaction,
    { activity, clock, alter = (statement) => statement }: SimulatedDatabaseOptions,
  ) {
    this.now = Promise.resolve(clock.now);
    this.#tx = tx;
    this.#activity = activity;
    this.#alter = alter;
  }

  /** What the COMMIT may have to wait for, where it is not held already. */
  get lockAtCommit(): Lock | undefined {
    return this.#writesGrants && !this.#holdsGrants ? GRANTS_AT_COMMIT : undefined;
  }

  get wrote(): boolean {
    return this.#wrote;
  }

  query<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    this.#wrote ||= WRITES.test(text);
    const altered = this.#alter({ text: text.replace(...IN_ORDER), values });
    if (!altered) return Promise.resolve([]);
    return this.#step(altered, () => this.#tx.query<Row>(altered.text, altered.values));
  }

  execute<Row>(query: CompiledQuery<Row>): Promise<Row[]> {
    const statement = { text: query.sql, values: query.parameters };
    return this.#step(statement, () => this.#tx.execute(query));
  }

  atCommit(text: string, values: readonly unknown[]): void {
    this.#wrote = true;
    this.#writesGrants ||= WORK_OF_GRANTS.test(text);
    const altered = this.#alter({ text, values });
    if (altered) this.#tx.atCommit(altered.text, altered.values);
  }

  async #step<T>(statement: Statement, run: () => Promise<T>): Promise<T> {
    const activity = this.#activity;
    if (!activity) return run();
    this.#holdsGrants ||= LOCKS_GRANTS.test(statement.text);
    await activity.reach('in a transaction', inWords(statement.text), lockOf(statement));
    return activity.step(run);
  }
}

/** Of what is due in one millisecond the product takes any first; here the same ones in every run. */
const IN_ORDER = [
  'ORDER BY d.next_due_at LIMIT',
  'ORDER BY d.next_due_at, d.grant_id LIMIT',
] as const;

/** The rows of grants are locked many at a time: as far as waiting goes they are one. */
const GRANTS: Lock = {
  name: 'the work of grants',
  behind: ['the work of grants', 'the work of grants, at a commit'],
};
/** A commit may wait for something else altogether, so no other stands behind it. */
const GRANTS_AT_COMMIT: Lock = {
  name: 'the work of grants, at a commit',
  behind: ['the work of grants'],
};
const WORK_OF_GRANTS = /lapse\.grant_work/;
const LOCKS_GRANTS = /lapse\.grant_work.*FOR UPDATE/s;

const WRITES = /^\s*(INSERT|UPDATE|DELETE)\b/;

/** What a statement locks, where it would wait for it: a record, a token, a tenant, or what all share. */
function lockOf({ text, values }: Statement): Lock | undefined {
  if (LOCKS_GRANTS.test(text)) return text.includes('SKIP LOCKED') ? undefined : GRANTS;
  if (/FOR UPDATE$|pg_advisory_xact_lock/.test(text.trim())) return own(String(values.at(-1)));
  const shared = /DELETE FROM lapse\.exception_count_deltas|INSERT INTO lapse\.import_keys/.exec(
    text,
  )?.[0];
  return shared === undefined ? undefined : own(shared);
}

function own(name: string): Lock {
  return { name, behind: [name] };
}

function inWords(text: string): string {
  const verb = /^\s*(INSERT|UPDATE|DELETE)\b/.exec(text)?.[1]?.toLowerCase();
  if (text.includes('pg_advisory_xact_lock')) return 'waits for other delegations';
  const lock = text.includes('FOR UPDATE') ? 'reads and locks' : 'reads';
  const table = /(?:FROM|INTO|UPDATE)\s+"?lapse"?\."?(\w+)/.exec(text)?.[1] ?? 'the sequencer lock';
  return `${verb ?? lock} ${table.replaceAll('_', ' ')}`;
}
