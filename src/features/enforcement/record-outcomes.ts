import { CLOCK } from '../../domain/access/actor.ts';
import type { CallOutcome, Observation } from '../../domain/enforcement/connector.ts';
import { evolveGrant } from '../../domain/enforcement/evolve-grant.ts';
import type { GrantState } from '../../domain/enforcement/grant.ts';
import type { GrantEvent } from '../../domain/enforcement/grant-events.ts';
import { answered, observed } from '../../domain/enforcement/grant-steps.ts';
import { nextMove } from '../../domain/enforcement/next-move.ts';
import { type Append, record } from '../../journal/journal.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { type WorkColumns, workRow } from './claim-grants.ts';
import { noteHealth } from './connection-health.ts';
import type { EnforcementParts } from './enforcement-parts.ts';
import {
  awaitsRemoval,
  type GrantOutlook,
  readOutlooks,
  surroundingsOf,
  type WorkRow,
} from './grant-outlook.ts';
import { grantStream } from './grant-store.ts';

/** What came of an errand at a connector. */
export interface Outcome {
  readonly row: WorkRow;
  readonly call?: { readonly callId: string; readonly outcome: CallOutcome } | undefined;
  readonly look?: Observation | undefined;
  /** Affirmative reads that the connector asks for. */
  readonly readsToConfirm: number;
}

interface Recorded {
  readonly row: WorkRow;
  readonly reads: number;
  readonly hasLooked: boolean;
  readonly dueAt: number | undefined;
}

/**
 * Records what came of calls and looks, each with what follows from it, and when the grant is to be
 * looked at next. Everything is read anew under the lock of its row: the record may have changed while
 * the call was under way.
 */
export async function recordOutcomes(
  tx: Transaction,
  parts: EnforcementParts,
  outcomes: readonly Outcome[],
): Promise<void> {
  const now = await tx.now;
  const byGrant = new Map(outcomes.map((outcome) => [keyOf(outcome.row), outcome]));
  const rows = (await lockRows(tx, outcomes)).map(workRow);
  const outlooks = await readOutlooks(tx, parts, rows, now);
  const appends: Append<GrantState, GrantEvent>[] = [];
  const recorded: Recorded[] = [];
  const errands: Parameters<typeof noteHealth>[1][number][] = [];
  for (const outlook of outlooks) {
    const outcome = outlook && byGrant.get(keyOf(outlook.row));
    if (!outlook?.stored || !outcome) continue;
    const { events, reads, dueAt } = follow(outlook, outcome, now);
    const { tenantId, grantId: streamId } = outlook.row;
    appends.push({ tenantId, streamId, before: outlook.stored, events, at: now, actor: CLOCK });
    const hasLooked = outcome.look !== undefined;
    recorded.push({ row: outlook.row, reads, hasLooked, dueAt });
    errands.push({ connection: outlook.connection?.state.name, outcome });
  }
  record(tx, grantStream, appends);
  writeLooks(tx, recorded, now);
  await noteHealth(tx, errands);
}

function follow(outlook: GrantOutlook, outcome: Outcome, now: number) {
  const { row, wanted, record: exception, stored } = outlook;
  let state = stored?.state as GrantState;
  const events: GrantEvent[] = [];
  const take = (next: readonly GrantEvent[]) => {
    for (const event of next) {
      events.push(event);
      state = evolveGrant(state, event, { grantId: row.grantId, at: now, actor: CLOCK });
    }
  };
  const { call, look, readsToConfirm } = outcome;
  if (call) take(answered(state, call.callId, call.outcome, now));
  let { reads } = row;
  if (look) {
    const seen = observed(state, wanted, look, { reads, readsToConfirm });
    take(seen.events);
    reads = seen.reads;
  }
  const readAt = look ? now : row.readAt;
  const known = { ...outlook, row: { ...row, reads, readAt } };
  const isDone = state.status === 'removed' && awaitsRemoval(exception);
  const dueAt = isDone ? now : nextMove(state, wanted, surroundingsOf(known, now))?.at;
  return { events, reads, dueAt };
}

function lockRows(tx: Transaction, outcomes: readonly Outcome[]): Promise<WorkColumns[]> {
  return tx.query<WorkColumns>(
    `SELECT w.tenant_id, w.exception_id, w.grant_id, w.lane, w.reads, w.read_at
     FROM lapse.grant_work w
     JOIN unnest($1::text[], $2::text[], $3::text[]) AS r(tenant_id, exception_id, grant_id)
       ON w.tenant_id = r.tenant_id AND w.exception_id = r.exception_id AND w.grant_id = r.grant_id
     ORDER BY w.tenant_id, w.exception_id, w.grant_id FOR UPDATE OF w`,
    [
      outcomes.map(({ row }) => row.tenantId),
      outcomes.map(({ row }) => row.exceptionId),
      outcomes.map(({ row }) => row.grantId),
    ],
  );
}

function writeLooks(tx: Transaction, recorded: readonly Recorded[], now: number): void {
  if (recorded.length === 0) return;
  tx.atCommit(
    `UPDATE lapse.grant_work w SET next_due_at = coalesce(to_timestamp(r.due_at / 1000), 'infinity'),
       reads = r.reads, last_error = NULL,
       read_at = CASE WHEN r.has_looked THEN to_timestamp($6::double precision / 1000) ELSE w.read_at END
     FROM unnest($1::text[], $2::text[], $3::text[], $4::double precision[], $5::int[], $7::boolean[])
       AS r(tenant_id, exception_id, grant_id, due_at, reads, has_looked)
     WHERE w.tenant_id = r.tenant_id AND w.exception_id = r.exception_id AND w.grant_id = r.grant_id`,
    [
      recorded.map(({ row }) => row.tenantId),
      recorded.map(({ row }) => row.exceptionId),
      recorded.map(({ row }) => row.grantId),
      recorded.map(({ dueAt }) => dueAt ?? null),
      recorded.map(({ reads }) => reads),
      now,
      recorded.map(({ hasLooked }) => hasLooked),
    ],
  );
}

function keyOf({ tenantId, grantId }: WorkRow): string {
  return `${tenantId}/${grantId}`;
}
