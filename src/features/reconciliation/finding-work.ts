import type { Logger } from 'pino';
import { CLOCK } from '../../domain/access/actor.ts';
import type { CallOutcome, Connector } from '../../domain/enforcement/connector.ts';
import { CALL_LIMIT } from '../../domain/enforcement/next-move.ts';
import { evolveFinding } from '../../domain/reconciliation/evolve-finding.ts';
import type { FindingState } from '../../domain/reconciliation/finding.ts';
import type { FindingEvent } from '../../domain/reconciliation/finding-events.ts';
import {
  beginRemoval,
  giveUpCall,
  nextFindingMove,
  passLimit,
  removalAnswered,
  reopenFinding,
} from '../../domain/reconciliation/finding-steps.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import { record } from '../../journal/journal.ts';
import type { StreamState } from '../../journal/stream.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { dueBacklog } from '../../platform/due/due-backlog.ts';
import type { MeasuredWork } from '../../platform/due/due-loop.ts';
import { newUlid } from '../../platform/ids.ts';
import { FINDING_COLUMNS, type FindingColumns, findingOf, findingStream } from './finding-store.ts';
import { endFindingTasks, openFindingTask } from './finding-tasks.ts';
import { lookAt, orderFor, type Subject } from './look-at.ts';
import type { ReachedConnection, ReconciliationParts } from './reconciliation-parts.ts';
import { isRegistered } from './register-check.ts';

/** Calls and looks of one pass; each may take seconds. */
const AT_ONCE = 20;
const CALL_MS = 30_000;

type Stored = StreamState<FindingState>;
type DueRow = FindingColumns & { readonly looked_at: Date | null };

/** Something that is to be done outside the transaction that found it due. */
type Errand = {
  readonly finding: Stored;
  readonly connection: ReachedConnection | undefined;
} & ({ readonly kind: 'call'; readonly callId: string } | { readonly kind: 'look' });

/**
 * What time brings about for findings: limits that pass, acceptances that end, removals that a person has
 * ordered, and whether they are gone (claim, call, record).
 */
export function findingDeadlines(parts: ReconciliationParts, log: Logger): MeasuredWork {
  const { db } = parts;
  const stopping = new AbortController();
  return {
    name: 'findings',
    backlog: () => dueBacklog(db, 'finding_work'),
    async runBatch() {
      if (stopping.signal.aborted) return 0;
      const { rows, errands } = await db.inSystem((tx) => claimFindings(tx, parts));
      await Promise.all(
        errands.map(async (errand) => {
          try {
            await perform(parts, errand, stopping.signal);
          } catch (error) {
            log.error({ err: error, finding: errand.finding.id }, 'a finding stays due');
          }
        }),
      );
      return rows;
    },
    stop() {
      stopping.abort(new Error('the worker stops'));
    },
  };
}

async function claimFindings(tx: Transaction, parts: ReconciliationParts) {
  const now = await tx.now;
  const rows = await tx.query<DueRow>(
    `SELECT ${FINDING_COLUMNS}, w.looked_at FROM lapse.finding_work w
     JOIN lapse.findings f ON f.tenant_id = w.tenant_id AND f.finding_id = w.finding_id
     WHERE w.quarantined_at IS NULL AND w.next_due_at <= to_timestamp($1::double precision / 1000)
     ORDER BY w.next_due_at LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED`,
    [now],
  );
  const errands: Errand[] = [];
  for (const row of rows) {
    try {
      const errand = await advance(tx, parts, row, now);
      if (errand) errands.push(errand);
    } catch (error) {
      // What the database refuses is no fault of the finding's.
      if (!(error instanceof Error) || 'code' in error) throw error;
      quarantine(tx, row, error.message, now);
    }
  }
  return { rows: rows.length, errands };
}

/** Takes a finding that cannot be folded out of the way of the others, and opens a task for a person. */
function quarantine(tx: Transaction, row: DueRow, detail: string, now: number): void {
  const at = formatInstant(now);
  tx.atCommit(
    `UPDATE lapse.finding_work SET quarantined_at = $3, last_error = $4
     WHERE tenant_id = $1 AND finding_id = $2`,
    [row.tenant_id, row.finding_id, at, detail],
  );
  tx.atCommit(
    `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
     VALUES ($1, $2, 'quarantine', 'finding', $3, $4, $5) ON CONFLICT DO NOTHING`,
    [row.tenant_id, `task_${newUlid()}`, row.finding_id, detail, at],
  );
}

/** Takes every move of a finding that needs nobody else; answers what is then to be done outside. */
async function advance(
  tx: Transaction,
  parts: ReconciliationParts,
  row: DueRow,
  now: number,
): Promise<Errand | undefined> {
  const before = findingOf(row);
  const lookedAt = row.looked_at?.getTime();
  const { tenantId, id } = before;
  const events: FindingEvent[] = [];
  let state = before.state;
  const take = (next: readonly FindingEvent[]) => {
    for (const event of next) {
      events.push(event);
      state = evolveFinding(state, event, { findingId: id, at: now, actor: CLOCK });
    }
  };
  const route = await parts.routeFor(tx, tenantId, state.spec, state.exception_id);
  const { connection } = route;
  let errand: Errand | undefined;
  for (;;) {
    const move = nextFindingMove(state, { lookedAt });
    if (!move || move.at > now) break;
    if (move.do === 'look') {
      errand = { kind: 'look', finding: { ...before, state }, connection };
      break;
    }
    if (move.do === 'pass-limit') {
      take([passLimit(state, route.mode)]);
      if (state.limit?.led_to === 'task')
        openFindingTask(tx, { ...before, state }, 'nobody has answered it in time', now);
      else await wakeGrant(tx, parts, before, state);
    } else if (move.do === 'end-acceptance') {
      take([reopenFinding(state, 'what it was accepted for has ended', now)]);
    } else if (move.do === 'give-up-call') {
      take(giveUpCall(state, now));
      tellIfGivenUp(tx, before, state, now);
    } else if (await isRegistered(tx, parts, tenantId, state)) {
      take([{ type: 'FindingSolved', data: { how: 'registered' } }]);
      endFindingTasks(tx, tenantId, [id], now);
    } else {
      const callId = `call_${parts.newId()}`;
      take([beginRemoval(state, callId)]);
      errand = { kind: 'call', callId, finding: { ...before, state }, connection };
      break;
    }
  }
  const changed = record(tx, findingStream, [
    { tenantId, streamId: id, before, events, at: now, actor: CLOCK },
  ]);
  if (errand) errand = { ...errand, finding: changed[0] ?? errand.finding };
  const next = errand ? now + CALL_LIMIT : nextFindingMove(state, { lookedAt })?.at;
  writeDue(tx, { tenantId, id, dueAt: next, lookedAt });
  return errand;
}

/** The grant's own loop takes it away where it is named exactly and the mode lets it. */
export async function wakeGrant(
  tx: Transaction,
  { grants }: Pick<ReconciliationParts, 'grants'>,
  { tenantId }: Pick<Stored, 'tenantId'>,
  { removal, grant_id, placed, created_by: by }: FindingState,
): Promise<void> {
  if (removal?.by !== 'grant' || grant_id === undefined) return;
  await grants.seenAgain(tx, tenantId, grant_id, { placed, by });
}

function tellIfGivenUp(tx: Transaction, before: Stored, state: FindingState, now: number): void {
  if (state.removal?.by !== 'person' || before.state.removal?.by === 'person') return;
  const why = `its removal failed: ${state.removal.last_failure ?? ''}`;
  openFindingTask(tx, { ...before, state }, why, now);
}

async function perform(
  parts: ReconciliationParts,
  errand: Errand,
  signal: AbortSignal,
): Promise<void> {
  const { finding, connection } = errand;
  const { spec, placed, exception_id, grant_id } = finding.state;
  const subject: Subject = {
    tenantId: finding.tenantId,
    grantId: grant_id ?? finding.id,
    exceptionId: exception_id ?? finding.id,
    spec,
    placed,
    connection: connection?.state.name,
  };
  const outcome =
    errand.kind === 'call' ? await remove(parts, connection, subject, signal) : undefined;
  const isToBeSeen = !outcome || outcome.kind === 'done';
  const look = isToBeSeen ? await lookAt(parts, subject, signal) : undefined;
  const isGone = look?.kind === 'absent' || look?.kind === 'target-gone';
  await parts.db.inSystem(async (tx) => {
    const now = await tx.now;
    const [row] = await tx.query<DueRow>(
      `SELECT ${FINDING_COLUMNS}, w.looked_at FROM lapse.finding_work w
       JOIN lapse.findings f ON f.tenant_id = w.tenant_id AND f.finding_id = w.finding_id
       WHERE w.tenant_id = $1 AND w.finding_id = $2 FOR UPDATE`,
      [finding.tenantId, finding.id],
    );
    // Somebody has answered otherwise meanwhile, or it was solved.
    if (!row?.state.removal || row.state.state === 'solved') return;
    const before = findingOf(row);
    const { tenantId, id } = before;
    const events: FindingEvent[] = [];
    if (outcome && errand.kind === 'call')
      events.push(...removalAnswered(before.state, errand.callId, outcome, now));
    if (isGone && !events.some(({ type }) => type === 'FindingSolved'))
      events.push({ type: 'FindingSolved', data: { how: 'seen-gone' } });
    const [changed] = record(tx, findingStream, [
      { tenantId, streamId: id, before, events, at: now, actor: CLOCK },
    ]);
    const state = changed?.state ?? before.state;
    tellIfGivenUp(tx, before, state, now);
    if (state.state === 'solved') endFindingTasks(tx, tenantId, [id], now);
    const lookedAt = look ? now : row.looked_at?.getTime();
    const dueAt = nextFindingMove(state, { lookedAt })?.at;
    writeDue(tx, { tenantId, id, dueAt, lookedAt });
  });
}

async function remove(
  { connectorFor }: ReconciliationParts,
  connection: ReachedConnection | undefined,
  subject: Subject,
  signal: AbortSignal,
): Promise<CallOutcome> {
  let connector: Connector | undefined;
  try {
    connector = connection && (await connectorFor(connection, subject.spec.kind));
  } catch (error) {
    return { kind: 'retry', message: messageOf(error) };
  }
  if (!connector) return { kind: 'refused', message: 'no connection in use reaches it' };
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]);
    return await connector.remove(orderFor(subject), within);
  } catch (error) {
    // Nobody knows how far it came.
    return { kind: 'unknown', message: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function writeDue(
  tx: Transaction,
  row: {
    readonly tenantId: string;
    readonly id: string;
    readonly dueAt: number | undefined;
    readonly lookedAt: number | undefined;
  },
): void {
  tx.atCommit(
    `UPDATE lapse.finding_work SET next_due_at = coalesce(to_timestamp($3::double precision / 1000), 'infinity'),
       looked_at = to_timestamp($4::double precision / 1000)
     WHERE tenant_id = $1 AND finding_id = $2`,
    [row.tenantId, row.id, row.dueAt ?? null, row.lookedAt ?? null],
  );
}
