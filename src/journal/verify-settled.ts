import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../platform/db/transaction.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { KeptNote } from './verify-checkpoints.ts';

/** What has to be known before the snapshot is taken. */
export interface SettledLedger {
  /** Checkpoint notes outside the database; all of them are older than the snapshot. */
  readonly outside: readonly KeptNote[];
  /** Events that waited for the sequencer before it ran; none of them may wait afterwards. */
  readonly waitedBefore: readonly string[];
  /** Why the sequencer could not run. */
  readonly problem: string | undefined;
}

/** What {@link settleLedger} needs. */
export interface LedgerToSettle {
  readonly db: Database;
  readonly checkpoints: CheckpointStore;
  /** Runs the sequencer once; does nothing while another replica's runs. */
  readonly sequence: (tenantId: string) => Promise<unknown>;
}

/** The sequencer takes the oldest first, so that more of them would tell nothing more. */
const WATCHED = 1_000;
const ATTEMPTS = 50;
const PAUSE_MS = 100;

/**
 * Lets the sequencer take in what is committed, so that what still waits afterwards has gone wrong,
 * and reads the checkpoints outside the database.
 */
export async function settleLedger(
  { db, checkpoints, sequence }: LedgerToSettle,
  tenantId: string,
): Promise<SettledLedger> {
  const waitedBefore = await waiting(db, tenantId);
  let problem: string | undefined;
  try {
    await sequence(tenantId);
    // Another replica may be at it, and this one's call has passed on at once.
    for (
      let left = ATTEMPTS;
      left > 0 && (await stillWait(db, tenantId, waitedBefore));
      left -= 1
    ) {
      await delay(PAUSE_MS);
      await sequence(tenantId);
    }
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  const [kept, newest] = await Promise.all([
    checkpoints.all(tenantId),
    checkpoints.newestOfEach(tenantId),
  ]);
  // The newest may have taken the place of one while that was being read.
  return { outside: onceEach([...kept, ...newest]), waitedBefore, problem };
}

function onceEach(notes: readonly KeptNote[]): KeptNote[] {
  const known = new Map<string, KeptNote>();
  for (const kept of notes) if (!known.has(kept.note)) known.set(kept.note, kept);
  return [...known.values()];
}

async function waiting(db: Database, tenantId: string): Promise<string[]> {
  return db.inTenant(tenantId, async (tx) => {
    const rows = await tx.query<{ event_id: string }>(
      // Rows without an event are never taken in; verification names them by themselves.
      `SELECT p.event_id FROM lapse.ledger_pending p
       JOIN lapse.events e ON e.tenant_id = p.tenant_id AND e.event_id = p.event_id
       WHERE p.tenant_id = $1 ORDER BY p.position LIMIT ${WATCHED}`,
      [tenantId],
    );
    return rows.map((row) => row.event_id);
  });
}

async function stillWait(
  db: Database,
  tenantId: string,
  eventIds: readonly string[],
): Promise<boolean> {
  if (eventIds.length === 0) return false;
  return db.inTenant(tenantId, async (tx) => {
    const rows = await tx.query(
      'SELECT FROM lapse.ledger_pending WHERE tenant_id = $1 AND event_id = ANY($2) LIMIT 1',
      [tenantId, eventIds],
    );
    return rows.length > 0;
  });
}
