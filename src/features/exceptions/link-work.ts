import type { QueryResultRow } from 'pg';
import { CLOCK } from '../../domain/access/actor.ts';
import {
  type LinkFound,
  type LinkOutcome,
  linkEvents,
  unreadLinks,
} from '../../domain/exception/link-reading.ts';
import { record } from '../../journal/journal.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { dueBacklog } from '../../platform/due/due-backlog.ts';
import { BATCH_SIZE, type MeasuredWork } from '../../platform/due/due-loop.ts';
import { type StateColumns, stateOf } from './exception-row.ts';
import { exceptionStream, loadForUpdate } from './exception-store.ts';

/** What the work needs of its surroundings. */
export interface LinkWorkParts {
  readonly db: Database;
  /** Reads a link from where it leads; called between the transactions. */
  readonly readLink: (link: string, signal: AbortSignal) => Promise<LinkFound>;
  readonly realNow: () => number;
}

interface Claimed {
  readonly tenantId: string;
  readonly id: string;
  readonly attempts: number;
  readonly links: readonly string[];
  /** The domain's time. */
  readonly now: number;
}

const MINUTE = 60_000;
/** How long after each attempt the next one comes; none follows the last. */
const PAUSES = [MINUTE, 10 * MINUTE, 60 * MINUTE, 6 * 60 * MINUTE];
const AT_ONCE = 8;
/** Longer than the links of one record can take: 200 of them, 30 seconds each, 8 at once. */
const CLAIM_MINUTES = 30;
/** A pass goes on to another record for so long, so that others see its rows counted. */
const PASS_MS = 5_000;

/**
 * Reads what lies behind the links of archived records, and has the ledger keep the digests, or that
 * a link was not reached after five attempts in about seven hours. Claim, read, record; what a
 * worker that was killed had claimed is due again when its claim ends.
 */
export function evidenceLinks({ db, readLink, realNow }: LinkWorkParts): MeasuredWork {
  const stopping = new AbortController();
  const readNext = async () => {
    const claimed = await db.inSystem(claim);
    if (!claimed) return false;
    const outcomes = await readAll(claimed, readLink, realNow, stopping.signal);
    await db.inSystem((tx) => keep(tx, claimed, outcomes, stopping.signal.aborted));
    return true;
  };
  return {
    name: 'evidence-links',
    backlog: () => dueBacklog(db, 'exception_link_work'),
    async runBatch() {
      const began = realNow();
      let done = 0;
      while (done < BATCH_SIZE && realNow() - began < PASS_MS && !stopping.signal.aborted) {
        if (!(await readNext())) break;
        done += 1;
      }
      return done;
    },
    stop: () => stopping.abort(),
  };
}

/** Takes the record that has waited longest, so that no other worker reads its links as well. */
async function claim(tx: Transaction): Promise<Claimed | undefined> {
  const now = await tx.now;
  const [row] = await tx.query<
    QueryResultRow & StateColumns & { tenant_id: string; exception_id: string; attempts: number }
  >(
    `WITH due AS (
       SELECT tenant_id, exception_id FROM lapse.exception_link_work
       WHERE next_at <= to_timestamp($1::double precision / 1000)
       ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED
     ), claimed AS (
       UPDATE lapse.exception_link_work w
       SET next_at = to_timestamp($1::double precision / 1000) + interval '${CLAIM_MINUTES} minutes'
       FROM due WHERE w.tenant_id = due.tenant_id AND w.exception_id = due.exception_id
       RETURNING w.tenant_id, w.exception_id, w.attempts
     )
     SELECT c.tenant_id, c.exception_id, c.attempts, e.fields, e.state FROM claimed c
     JOIN lapse.exceptions e ON e.tenant_id = c.tenant_id AND e.exception_id = c.exception_id`,
    [now],
  );
  if (!row) return undefined;
  const { tenant_id: tenantId, exception_id: id, attempts } = row;
  return { tenantId, id, attempts, links: unreadLinks(stateOf(row)), now };
}

/** What came of each link, a few at a time; those that were not begun when the work stops are left out. */
async function readAll(
  { links, now }: Claimed,
  readLink: LinkWorkParts['readLink'],
  realNow: () => number,
  signal: AbortSignal,
): Promise<LinkOutcome[]> {
  const began = realNow();
  const outcomes: LinkOutcome[] = [];
  const left = links.values();
  const reader = async () => {
    for (const link of left) {
      const at = now + Math.max(0, realNow() - began);
      const found = await readLink(link, signal);
      if (signal.aborted) return;
      outcomes.push({ link, at, ...found });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, reader));
  return outcomes;
}

/** Records what is known now; the row goes with the last link, or says when to try the others. */
async function keep(
  tx: Transaction,
  { tenantId, id, attempts }: Claimed,
  outcomes: readonly LinkOutcome[],
  isStopped: boolean,
): Promise<void> {
  const before = await loadForUpdate(tx, tenantId, id);
  if (!before) return;
  const pause = PAUSES[attempts];
  const now = await tx.now;
  const at = Math.max(now, before.state.updated_at);
  const events = linkEvents(before.state, outcomes, pause === undefined);
  if (unreadLinks(before.state).length === 0) return forget(tx, tenantId, id);
  record(tx, exceptionStream, [{ tenantId, streamId: id, before, events, at, actor: CLOCK }]);
  // What a stop gave up was no attempt.
  const [next, made] = isStopped ? [now, attempts] : [now + (pause ?? 0), attempts + 1];
  tx.atCommit(
    `UPDATE lapse.exception_link_work
     SET next_at = to_timestamp($3::double precision / 1000), attempts = $4
     WHERE tenant_id = $1 AND exception_id = $2`,
    [tenantId, id, next, made],
  );
}

/** A row that nothing follows from, as a database may have that was changed by hand. */
function forget(tx: Transaction, tenantId: string, id: string): void {
  tx.atCommit('DELETE FROM lapse.exception_link_work WHERE tenant_id = $1 AND exception_id = $2', [
    tenantId,
    id,
  ]);
}
