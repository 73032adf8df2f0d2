import { CLOCK } from '../../domain/access/actor.ts';
import type { Observation } from '../../domain/enforcement/connector.ts';
import { grantDigest } from '../../domain/enforcement/grant-digest.ts';
import type { GrantSpec } from '../../domain/enforcement/grant-spec.ts';
import {
  compareUnlisted,
  isLookedAt,
  type RegisteredGrant,
} from '../../domain/reconciliation/compare.ts';
import type { FindingEvent } from '../../domain/reconciliation/finding-events.ts';
import { scopeOf } from '../../domain/reconciliation/scopes.ts';
import { DAY, MINUTE } from '../../domain/schedule/instant.ts';
import { record } from '../../journal/journal.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { BATCH_SIZE } from '../../platform/due/due-loop.ts';
import {
  FINDING_COLUMNS,
  type FindingColumns,
  findingOf,
  findingStream,
  lockUnsolved,
} from './finding-store.ts';
import { endFindingTasks } from './finding-tasks.ts';
import { lookAt } from './look-at.ts';
import type { ReconciliationParts } from './reconciliation-parts.ts';
import { type Entry, type RunPlace, recordFindings, writeEntries } from './record-findings.ts';

const LEASE = 5 * MINUTE;
const LOOKS_AT_ONCE = 8;
/** Removals before the first report that its share is of. */
const FIRST_PERIOD = 365 * DAY;

/** A comparison all of whose scopes were listed, or could not be. */
interface FinishingRun extends RunPlace {
  readonly previousId: string | undefined;
  readonly coverage: Coverage;
}

/** What was read to its end, by connection, scope and kind. */
class Coverage {
  readonly isComplete: boolean;
  readonly #read: ReadonlySet<string>;

  constructor(
    scopes: readonly { connection: string; scope: string; state: string; read_kinds: string[] }[],
  ) {
    this.isComplete = scopes.every(({ state }) => state === 'read');
    this.#read = new Set(
      scopes.flatMap(({ connection, scope, read_kinds }) =>
        read_kinds.map((kind) => `${connection}\n${scope}\n${kind}`),
      ),
    );
  }

  has(connection: string, scope: string, kind: string): boolean {
    return this.#read.has(`${connection}\n${scope}\n${kind}`);
  }

  /** Whether a list that was read to its end would have shown a grant. */
  covers(connection: string | undefined, spec: GrantSpec): boolean {
    if (connection === undefined) return false;
    // A connection with one scope alone names none.
    return [...scopeOf(spec), ''].some((scope) => this.has(connection, scope, spec.kind));
  }
}

/** Takes a comparison whose lists have come to their ends; `undefined` where there is none. */
export async function claimFinish(tx: Transaction): Promise<FinishingRun | undefined> {
  const now = await tx.now;
  const [run] = await tx.query<{
    tenant_id: string;
    reconciliation_id: string;
    previous_id: string | null;
  }>(
    `UPDATE lapse.reconciliations r SET next_due_at = to_timestamp($2::double precision / 1000)
     WHERE (tenant_id, reconciliation_id) IN (
       SELECT d.tenant_id, d.reconciliation_id FROM lapse.reconciliations d
       WHERE d.finished_at IS NULL AND d.planned_at IS NOT NULL
         AND d.next_due_at <= to_timestamp($1::double precision / 1000)
         AND NOT EXISTS (SELECT FROM lapse.reconciliation_scopes s WHERE s.tenant_id = d.tenant_id
           AND s.reconciliation_id = d.reconciliation_id AND s.state = 'waiting')
       ORDER BY d.next_due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING r.tenant_id, r.reconciliation_id, r.previous_id`,
    [now, now + LEASE],
  );
  if (!run) return undefined;
  const scopes = await tx.query<{
    connection: string;
    scope: string;
    state: string;
    read_kinds: string[];
  }>(
    `SELECT connection, scope, state, read_kinds FROM lapse.reconciliation_scopes
     WHERE tenant_id = $1 AND reconciliation_id = $2`,
    [run.tenant_id, run.reconciliation_id],
  );
  return {
    tenantId: run.tenant_id,
    reconciliationId: run.reconciliation_id,
    previousId: run.previous_id ?? undefined,
    coverage: new Coverage(scopes),
  };
}

/**
 * Finds what the lists did not have, ends the findings that are not found any more, and writes the
 * report. Batch by batch: whoever is killed in between has done nothing that is not done again.
 */
export async function finishRun(
  parts: ReconciliationParts,
  run: FinishingRun,
  signal: AbortSignal,
): Promise<void> {
  const { db } = parts;
  let unseen = 0;
  for (let after: string | undefined = ''; after !== undefined; ) {
    signal.throwIfAborted();
    const page = await db.inSystem((tx) => readUnlisted(tx, parts, run, after as string));
    const looks = await lookAtEach(parts, run, page.grants, signal);
    unseen += looks.filter(isUndecided).length;
    await db.inSystem((tx) => compareUnlistedPage(tx, parts, run, page.grants, looks));
    after = page.last;
  }
  for (let after: string | undefined = ''; after !== undefined; ) {
    signal.throwIfAborted();
    after = await db.inSystem((tx) => solvePage(tx, run, after as string));
  }
  const isComplete = run.coverage.isComplete && unseen === 0;
  await db.inSystem((tx) => writeReport(tx, parts, run, isComplete));
}

async function readUnlisted(
  tx: Transaction,
  { grants }: ReconciliationParts,
  run: RunPlace,
  after: string,
) {
  await keep(tx, run);
  return grants.unlisted(tx, run.tenantId, {
    reconciliationId: run.reconciliationId,
    after,
    count: BATCH_SIZE,
  });
}

/** What is seen of each grant that its list should have had; nothing of those that no list covers. */
async function lookAtEach(
  parts: ReconciliationParts,
  { tenantId, coverage }: FinishingRun,
  grants: readonly RegisteredGrant[],
  signal: AbortSignal,
): Promise<(Observation | undefined)[]> {
  const looks: (Observation | undefined)[] = grants.map(() => undefined);
  const waiting = grants
    .map((grant, index) => ({ grant, index }))
    .filter(({ grant }) => isLookedAt(grant) && coverage.covers(grant.connection, grant.spec));
  const next = waiting[Symbol.iterator]();
  const worker = async () => {
    for (const { grant, index } of next)
      looks[index] = await lookAt(parts, { tenantId, ...grant }, signal);
  };
  await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, worker));
  return looks;
}

function isUndecided(look: Observation | undefined): boolean {
  return look?.kind === 'undecided' || look?.kind === 'throttled';
}

async function compareUnlistedPage(
  tx: Transaction,
  parts: ReconciliationParts,
  run: RunPlace,
  grants: readonly RegisteredGrant[],
  looks: readonly (Observation | undefined)[],
): Promise<void> {
  await keep(tx, run);
  const now = await tx.now;
  const found = grants.flatMap((grant, index) =>
    compareUnlisted(grant, looks[index], now).map((discrepancy) => ({
      discrepancy,
      connection: grant.connection ?? '',
      scope: scopeOf(grant.spec)[0] ?? '',
    })),
  );
  // What could not be told stays as it was.
  const untold = grants.filter((_, index) => isUndecided(looks[index]));
  const kept = await lockUnsolved(
    tx,
    run.tenantId,
    untold.map(({ spec }) => grantDigest(spec)),
  );
  writeEntries(tx, run, kept.map(stillOpen));
  await recordFindings(tx, parts, run, found);
}

/** Ends findings that nothing showed any more, and keeps those of which nothing can be told. */
async function solvePage(
  tx: Transaction,
  run: FinishingRun,
  after: string,
): Promise<string | undefined> {
  const { tenantId, reconciliationId, coverage } = run;
  await keep(tx, run);
  const now = await tx.now;
  const rows = await tx.query<FindingColumns>(
    `SELECT ${FINDING_COLUMNS} FROM lapse.findings f
     WHERE f.tenant_id = $1 AND f.status <> 'solved' AND f.finding_id > $3 AND NOT EXISTS (
       SELECT FROM lapse.reconciliation_findings r WHERE r.tenant_id = $1
         AND r.reconciliation_id = $2 AND r.finding_id = f.finding_id)
     ORDER BY f.finding_id LIMIT ${BATCH_SIZE} FOR UPDATE OF f`,
    [tenantId, reconciliationId, after],
  );
  const findings = rows.map(findingOf);
  const solved = findings.filter(
    ({ state: { kind, connection, scope, spec } }) =>
      // Who owns a record stands in the register alone, all of which was read.
      kind === 'owner-unknown' || coverage.has(connection, scope, spec.kind),
  );
  const ids = new Set(solved.map(({ id }) => id));
  const events: FindingEvent[] = [
    { type: 'FindingSolved', data: { how: 'compared', reconciliation_id: reconciliationId } },
  ];
  record(
    tx,
    findingStream,
    solved.map((before) => ({
      ...{ tenantId, streamId: before.id, before, events },
      ...{ at: now, actor: CLOCK },
    })),
  );
  endFindingTasks(tx, tenantId, [...ids], now);
  writeEntries(
    tx,
    run,
    findings.map((finding) => ({
      ...stillOpen(finding),
      ...(ids.has(finding.id) ? { standing: 'solved' as const } : {}),
    })),
  );
  return rows.at(-1)?.finding_id;
}

function stillOpen({ id, state }: ReturnType<typeof findingOf>): Entry {
  return { findingId: id, standing: 'open', connection: state.connection, scope: state.scope };
}

async function writeReport(
  tx: Transaction,
  { grants }: ReconciliationParts,
  { tenantId, reconciliationId, previousId }: FinishingRun,
  isComplete: boolean,
): Promise<void> {
  const now = await tx.now;
  const [previous] = await tx.query<{ started_at: Date }>(
    'SELECT started_at FROM lapse.reconciliations WHERE tenant_id = $1 AND reconciliation_id = $2',
    [tenantId, previousId ?? ''],
  );
  const since = previous?.started_at.getTime() ?? now - FIRST_PERIOD;
  const { removals, failed } = await grants.removalsSince(tx, tenantId, since);
  tx.atCommit(
    `UPDATE lapse.reconciliations SET finished_at = to_timestamp($3::double precision / 1000),
       is_complete = $4, removals = $5, failed_removals = $6
     WHERE tenant_id = $1 AND reconciliation_id = $2 AND finished_at IS NULL`,
    [tenantId, reconciliationId, now, isComplete, removals, failed],
  );
}

/** Holds on to a comparison while its end is written. */
async function keep(tx: Transaction, { tenantId, reconciliationId }: RunPlace): Promise<void> {
  const kept = await tx.query(
    `UPDATE lapse.reconciliations SET next_due_at = to_timestamp($3::double precision / 1000)
     WHERE tenant_id = $1 AND reconciliation_id = $2 AND finished_at IS NULL RETURNING tenant_id`,
    [tenantId, reconciliationId, (await tx.now) + LEASE],
  );
  if (kept.length === 0) throw new Error(`${reconciliationId} was finished by another worker`);
}
