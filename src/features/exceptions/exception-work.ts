import { DatabaseError, type QueryResultRow } from 'pg';
import { CLOCK } from '../../domain/access/actor.ts';
import { catchUp } from '../../domain/exception/catch-up.ts';
import type { ExceptionEvent } from '../../domain/exception/events.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import { type Append, record } from '../../journal/journal.ts';
import type { StreamState } from '../../journal/stream.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { cutOutPoison } from '../../platform/due/cut-out.ts';
import { dueBacklog } from '../../platform/due/due-backlog.ts';
import { BATCH_SIZE, type MeasuredWork } from '../../platform/due/due-loop.ts';
import { newUlid } from '../../platform/ids.ts';
import { type StateColumns, stateOf } from './exception-row.ts';
import { exceptionStream } from './exception-store.ts';
import type { TenantPolicies } from './tenant-policies.ts';

interface DueRow {
  readonly tenant_id: string;
  readonly exception_id: string;
}

/**
 * Moves on every record whose deadline has passed. Claim, fold and write are one transaction over at
 * most 500 rows: killed in the middle it has done nothing, and no transition is ever made twice.
 */
export function exceptionDeadlines(db: Database, policies: TenantPolicies): MeasuredWork {
  const advance = (only?: readonly DueRow[]) => db.inSystem((tx) => advanceDue(tx, policies, only));
  // While PostgreSQL writes one batch the next is read and folded, so that both keep a core busy.
  let atOnce = 1;
  return {
    name: 'exception-deadlines',
    backlog: () => dueBacklog(db, 'exception_deadlines'),
    async runBatch() {
      const ended = await Promise.allSettled(Array.from({ length: atOnce }, () => advance()));
      const failed = ended.find((batch) => batch.status === 'rejected');
      const done = ended.map((batch) => (batch.status === 'fulfilled' ? batch.value : 0));
      atOnce = done.every((count) => count === BATCH_SIZE) ? 2 : 1;
      if (failed) done.push(await advanceInHalves(db, advance, failed.reason));
      return done.reduce((sum, count) => sum + count, 0);
    },
  };
}

/** Which row it was the failed batch cannot tell: takes what is due again, in halves. */
async function advanceInHalves(
  db: Database,
  advance: (only: readonly DueRow[]) => Promise<unknown>,
  error: unknown,
): Promise<number> {
  if (!isAboutRows(error)) throw error;
  const rows = await db.inSystem(async (tx) => dueRows(tx, await tx.now));
  await cutOutPoison(
    rows,
    async (part) => void (await advance(part)),
    (row, cause) => quarantine(db, row, cause),
    isAboutRows,
  );
  return rows.length;
}

const DUE = `SELECT d.tenant_id, d.exception_id FROM lapse.exception_deadlines d
  WHERE d.quarantined_at IS NULL AND d.next_due_at <= to_timestamp($1::double precision / 1000)
  ORDER BY d.next_due_at, d.tenant_id, d.exception_id LIMIT ${BATCH_SIZE}`;

function dueRows(tx: Transaction, now: number): Promise<DueRow[]> {
  return tx.query<DueRow & QueryResultRow>(DUE, [now]);
}

async function advanceDue(
  tx: Transaction,
  policies: TenantPolicies,
  only?: readonly DueRow[],
): Promise<number> {
  const now = await tx.now;
  const rows = await claim(tx, now, only);
  if (rows.length === 0) return 0;
  const policyFor = await policies.inForce(tx, [...new Set(rows.map((row) => row.tenantId))]);
  try {
    record(
      tx,
      exceptionStream,
      rows.map((row) => timelyEvents(row, now, policyFor(row.tenantId))),
    );
  } catch (error) {
    throw new UnreadableRow(error);
  }
  return rows.length;
}

function timelyEvents(
  { tenantId, id, version, state }: StreamState<ExceptionState>,
  now: number,
  policy: Policy,
): Append<ExceptionState, ExceptionEvent> {
  const at = Math.max(now, state.updated_at);
  const events = catchUp(state, at, policy);
  if (events.length === 0) throw new Error(`${id} is due but nothing follows from its state`);
  return { tenantId, streamId: id, before: { version, state }, events, at, actor: CLOCK };
}

/** Folding failed, in memory and apart from the database: it is certain that a row is to blame. */
class UnreadableRow extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Locks due records that nobody else is working on, a person's command included. */
async function claim(
  tx: Transaction,
  now: number,
  only: readonly DueRow[] | undefined,
): Promise<StreamState<ExceptionState>[]> {
  const chosen = only
    ? `AND (d.tenant_id, d.exception_id) IN (SELECT * FROM unnest($2::text[], $3::text[]))`
    : '';
  const rows = await tx.query<
    {
      tenant_id: string;
      exception_id: string;
      version: number;
    } & StateColumns
  >(
    `SELECT d.tenant_id, d.exception_id, e.version, e.fields, e.state
     FROM lapse.exception_deadlines d
     JOIN lapse.exceptions e ON e.tenant_id = d.tenant_id AND e.exception_id = d.exception_id
     WHERE d.quarantined_at IS NULL AND d.next_due_at <= to_timestamp($1::double precision / 1000) ${chosen}
     ORDER BY d.next_due_at, d.tenant_id, d.exception_id LIMIT ${BATCH_SIZE}
     FOR UPDATE OF d, e SKIP LOCKED`,
    only ? [now, only.map((row) => row.tenant_id), only.map((row) => row.exception_id)] : [now],
  );
  return rows.map((row) => ({
    tenantId: row.tenant_id,
    id: row.exception_id,
    version: row.version,
    state: stateOf(row),
  }));
}

/** Takes a row that cannot be done out of the way of the others, and opens a task for a person. */
function quarantine(db: Database, row: DueRow, cause: unknown): Promise<void> {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return db.inSystem(async (tx) => {
    const at = formatInstant(await tx.now);
    tx.atCommit(
      `UPDATE lapse.exception_deadlines SET quarantined_at = $3, attempts = attempts + 1, last_error = $4
       WHERE tenant_id = $1 AND exception_id = $2`,
      [row.tenant_id, row.exception_id, at, detail],
    );
    tx.atCommit(
      `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
       VALUES ($1, $2, 'quarantine', 'exception', $3, $4, $5) ON CONFLICT DO NOTHING`,
      [row.tenant_id, `task_${newUlid()}`, row.exception_id, detail, at],
    );
  });
}

/** Classes of SQLSTATE that a row's own content brings about; data too long for an index is in 54. */
const ROW_ERRORS = new Set(['22', '23', '54', 'P0']);

/**
 * Whether a row is to blame. Only what is known to be a row's fault counts: a connection that broke,
 * a shutdown or a lock time-out must never put a record out of the deadlines' reach.
 */
function isAboutRows(error: unknown): boolean {
  if (error instanceof UnreadableRow) return true;
  return error instanceof DatabaseError && ROW_ERRORS.has(error.code?.slice(0, 2) ?? '');
}
