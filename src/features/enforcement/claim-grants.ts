import type { QueryResultRow } from 'pg';
import { CLOCK } from '../../domain/access/actor.ts';
import type { Operation } from '../../domain/enforcement/grant.ts';
import { CALL_LIMIT } from '../../domain/enforcement/next-move.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import { record } from '../../journal/journal.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { BATCH_SIZE } from '../../platform/due/due-loop.ts';
import { newUlid } from '../../platform/ids.ts';
import { type EnforcementParts, recordKey } from './enforcement-parts.ts';
import {
  awaitsRemoval,
  type GrantOutlook,
  type Progress,
  progress,
  readOutlooks,
  type WorkRow,
} from './grant-outlook.ts';
import { grantStream } from './grant-store.ts';

/** Something that is to be done for a grant outside the transaction that found it due. */
export type Errand =
  | ({ readonly kind: 'call'; readonly operation: Operation; readonly callId: string } & Claimed)
  | ({ readonly kind: 'look' } & Claimed)
  | ({ readonly kind: 'hand-over'; readonly from: string; readonly to: string } & Claimed)
  | ({ readonly kind: 'confirm' } & Claimed);

interface Claimed {
  readonly outlook: GrantOutlook;
  readonly state: Progress['state'];
}

/** What a claim has found. */
export interface Claim {
  /** Rows that were due. */
  readonly rows: number;
  readonly errands: readonly Errand[];
}

const INSTANT = 'to_timestamp($1::double precision / 1000)';

/**
 * Takes grants that are due, as many of each lane as it takes calls now; plans them, records that their
 * calls begin, and what needs no call at all. What a worker that was killed had taken is due again
 * when its claim ends.
 */
export async function claimGrants(tx: Transaction, parts: EnforcementParts): Promise<Claim> {
  const now = await tx.now;
  const lanes = (await dueLanes(tx, now))
    .map((lane) => ({ lane, room: parts.lanes.room(lane) }))
    .filter(({ room }) => room > 0);
  if (lanes.length === 0) return { rows: 0, errands: [] };
  const rows = await lockDue(tx, now, lanes);
  if (rows.length === 0) return { rows: 0, errands: [] };
  const [outlooks, allGone] = await Promise.all([
    readOutlooks(tx, parts, rows, now),
    recordsWithoutGrants(tx, rows),
  ]);
  const errands: Errand[] = [];
  const appends: Parameters<
    typeof record<Progress['state'], Progress['events'][number]>
  >[2][number][] = [];
  const next: NextLook[] = [];
  rows.forEach((row, index) => {
    const outlook = outlooks[index];
    if (!outlook) {
      next.push({ row, at: undefined, isCalled: false });
      return;
    }
    const made = attempt(() => progress(outlook, now, parts.newId));
    if (made instanceof Error) {
      quarantine(tx, row, now, made.message);
      return;
    }
    const { tenantId, grantId: streamId } = row;
    const { stored: before } = outlook;
    const at = now;
    appends.push({ tenantId, streamId, before, events: made.events, at, actor: CLOCK });
    const errand = errandOf(outlook, made, allGone);
    if (errand) errands.push(errand);
    next.push({
      row,
      at: errand ? now + CALL_LIMIT : made.dueAt,
      isCalled: errand?.kind === 'call',
    });
  });
  record(tx, grantStream, appends);
  writeNextLooks(tx, next);
  return { rows: rows.length, errands };
}

function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Takes a grant that cannot be folded out of the way of the others, and opens a task for a person. */
function quarantine(tx: Transaction, row: WorkRow, now: number, detail: string): void {
  const at = formatInstant(now);
  tx.atCommit(
    `UPDATE lapse.grant_work SET quarantined_at = $4, last_error = $5
     WHERE tenant_id = $1 AND exception_id = $2 AND grant_id = $3`,
    [row.tenantId, row.exceptionId, row.grantId, at, detail],
  );
  tx.atCommit(
    `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
     VALUES ($1, $2, 'quarantine', 'grant', $3, $4, $5) ON CONFLICT DO NOTHING`,
    [row.tenantId, `task_${newUlid()}`, row.grantId, detail, at],
  );
}

function errandOf(
  outlook: GrantOutlook,
  { state, move, takesOverFrom: from }: Progress,
  allGone: Set<string>,
): Errand | undefined {
  const own = outlook.row.grantId;
  if (from !== undefined) return { kind: 'hand-over', from, to: own, outlook, state };
  if (!move) {
    // Once for each record: the last of its grants that goes finds all of them gone.
    const isDone = state.status === 'removed' && awaitsRemoval(outlook.record);
    const isLast = isDone && allGone.delete(recordKey(outlook.row));
    return isLast ? { kind: 'confirm', outlook, state } : undefined;
  }
  switch (move.do.kind) {
    case 'call': {
      const { call } = state;
      if (!call) throw new Error(`${state.grant_id} has no call that has begun`);
      return { kind: 'call', operation: call.operation, callId: call.call_id, outlook, state };
    }
    case 'look':
      return { kind: 'look', outlook, state };
    case 'hand-over':
      return { kind: 'hand-over', from: own, to: move.do.to, outlook, state };
    default:
      return undefined;
  }
}

/** Which of the records of some rows have nothing in place any more. */
async function recordsWithoutGrants(
  tx: Transaction,
  rows: readonly WorkRow[],
): Promise<Set<string>> {
  const found = await tx.query<{ tenant_id: string; exception_id: string }>(
    `SELECT w.tenant_id, w.exception_id
     FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[])) AS r(tenant_id, exception_id)
     JOIN lapse.grant_work w ON w.tenant_id = r.tenant_id AND w.exception_id = r.exception_id
     LEFT JOIN lapse.grants g ON g.tenant_id = w.tenant_id AND g.grant_id = w.grant_id
     GROUP BY w.tenant_id, w.exception_id
     HAVING bool_and(coalesce(g.status = 'removed', false))`,
    [rows.map(({ tenantId }) => tenantId), rows.map(({ exceptionId }) => exceptionId)],
  );
  return new Set(
    found.map(({ tenant_id: tenantId, exception_id: exceptionId }) =>
      recordKey({ tenantId, exceptionId }),
    ),
  );
}

/** The lanes in which something is due: from one to the next, however much is due in each. */
async function dueLanes(tx: Transaction, now: number): Promise<string[]> {
  const [due] = await tx.query<{ is_due: boolean }>(
    `SELECT EXISTS (SELECT FROM lapse.grant_work
       WHERE quarantined_at IS NULL AND next_due_at <= ${INSTANT}) AS is_due`,
    [now],
  );
  if (!due?.is_due) return [];
  const rows = await tx.query<{ lane: string }>(
    `WITH RECURSIVE lanes AS (
       (SELECT lane FROM lapse.grant_work WHERE quarantined_at IS NULL ORDER BY lane LIMIT 1)
       UNION ALL
       SELECT (SELECT w.lane FROM lapse.grant_work w
         WHERE w.quarantined_at IS NULL AND w.lane > l.lane ORDER BY w.lane LIMIT 1)
       FROM lanes l WHERE l.lane IS NOT NULL
     )
     SELECT lane FROM lanes l WHERE lane IS NOT NULL AND EXISTS (
       SELECT FROM lapse.grant_work w
       WHERE w.quarantined_at IS NULL AND w.lane = l.lane AND w.next_due_at <= ${INSTANT})`,
    [now],
  );
  return rows.map(({ lane }) => lane);
}

async function lockDue(
  tx: Transaction,
  now: number,
  lanes: readonly { readonly lane: string; readonly room: number }[],
): Promise<WorkRow[]> {
  const rows = await tx.query<WorkColumns>(
    `SELECT w.* FROM unnest($2::text[], $3::int[]) AS l(lane, room)
     CROSS JOIN LATERAL (
       SELECT tenant_id, exception_id, grant_id, lane, reads, read_at FROM lapse.grant_work d
       WHERE d.quarantined_at IS NULL AND d.lane = l.lane AND d.next_due_at <= ${INSTANT}
       ORDER BY d.next_due_at LIMIT l.room FOR UPDATE SKIP LOCKED
     ) AS w LIMIT ${BATCH_SIZE}`,
    [now, lanes.map(({ lane }) => lane), lanes.map(({ room }) => room)],
  );
  return rows.map(workRow);
}

/** The columns of {@link WorkRow}. */
export type WorkColumns = QueryResultRow & {
  readonly tenant_id: string;
  readonly exception_id: string;
  readonly grant_id: string;
  readonly lane: string;
  readonly reads: number;
  readonly read_at: Date | null;
};

/** A row as it is worked with. */
export function workRow(row: WorkColumns): WorkRow {
  return {
    tenantId: row.tenant_id,
    exceptionId: row.exception_id,
    grantId: row.grant_id,
    lane: row.lane,
    reads: row.reads,
    readAt: row.read_at?.getTime(),
  };
}

interface NextLook {
  readonly row: WorkRow;
  readonly at: number | undefined;
  /** A call begins: what was read before says nothing of what it leads to. */
  readonly isCalled: boolean;
}

function writeNextLooks(tx: Transaction, looks: readonly NextLook[]): void {
  tx.atCommit(
    `UPDATE lapse.grant_work w SET
       next_due_at = coalesce(to_timestamp(r.at / 1000), 'infinity'),
       reads = CASE WHEN r.is_called THEN 0 ELSE w.reads END,
       read_at = CASE WHEN r.is_called THEN NULL ELSE w.read_at END
     FROM unnest($1::text[], $2::text[], $3::text[], $4::double precision[], $5::boolean[])
       AS r(tenant_id, exception_id, grant_id, at, is_called)
     WHERE w.tenant_id = r.tenant_id AND w.exception_id = r.exception_id AND w.grant_id = r.grant_id`,
    [
      looks.map(({ row }) => row.tenantId),
      looks.map(({ row }) => row.exceptionId),
      looks.map(({ row }) => row.grantId),
      looks.map(({ at }) => at ?? null),
      looks.map(({ isCalled }) => isCalled),
    ],
  );
}
