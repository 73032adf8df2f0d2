import type { CheckpointStore } from '../../journal/checkpoint-store.ts';
import type { Database, Reach, Transaction } from '../../platform/db/transaction.ts';
import type { MeasuredWork } from '../../platform/due/due-loop.ts';
import type { MasterKey } from '../../platform/secrets/secrets.ts';
import { type Check, problem } from './check.ts';
import { checkDatabase, checkRoles, checkSchema } from './check-database.ts';
import { checkEvidence, type EvidenceFiles } from './check-evidence.ts';
import { checkLedger, checkTokens } from './check-ledger.ts';
import { checkSecrets } from './check-secrets.ts';
import { checkBackup, checkClock, checkDisk } from './check-surroundings.ts';
import { checkApprovals, checkBacklog, checkTasks, checkWorker } from './check-work.ts';

/** What a diagnosis looks at. */
export interface Patient {
  readonly db: Database;
  readonly dataDir: string;
  readonly works: readonly MeasuredWork[];
  readonly checkpoints: CheckpointStore;
  /** The migration that this release needs. */
  readonly schemaVersion: string;
  readonly realNow: () => number;
  /** What its secrets rest under. */
  readonly master: MasterKey;
  /** How the files of evidence stand. */
  readonly lookAtFiles: (tenantId: string) => Promise<EvidenceFiles>;
}

/**
 * Looks at everything that a server needs, each by itself: a check that cannot be made is a problem
 * of its own, and keeps no other from being made.
 */
export async function diagnose(patient: Patient, reach: Reach): Promise<Check[]> {
  const { tenantId } = reach;
  const { db, dataDir, works, checkpoints, schemaVersion, realNow } = patient;
  const asked = (name: string, check: (tx: Transaction) => Promise<Check>) =>
    guarded(name, async () => [await db.inTenant(reach, check)]);
  const groups = await Promise.all([
    asked('database', checkDatabase),
    asked('schema', (tx) => checkSchema(tx, schemaVersion)),
    asked('roles', checkRoles),
    asked('clock', (tx) => checkClock(tx, realNow)),
    guarded('disk', async () => [await checkDisk(dataDir)]),
    asked('worker', checkWorker),
    guarded('backlog', () => checkBacklog(works)),
    asked('ledger', (tx) => checkLedger(tx, tenantId, checkpoints)),
    guarded('master key', async () => [await checkSecrets(db, patient.master)]),
    asked('approvals', (tx) => checkApprovals(tx, tenantId)),
    asked('tasks', (tx) => checkTasks(tx, tenantId)),
    asked('tokens', (tx) => checkTokens(tx, tenantId)),
    guarded('evidence files', async () => [checkEvidence(await patient.lookAtFiles(tenantId))]),
    guarded('backup', async () => [await checkBackup(dataDir, realNow)]),
  ]);
  return groups.flat();
}

async function guarded(name: string, check: () => Promise<Check[]>): Promise<Check[]> {
  try {
    return await check();
  } catch (error) {
    // Class and code alone: the message may hold what the database was asked.
    const { code } = error as { code?: unknown };
    const kind = error instanceof Error ? error.constructor.name : typeof error;
    const what = typeof code === 'string' ? `${kind} ${code}` : kind;
    return [problem(name, `could not be looked at (${what})`, 'see the log of the server')];
  }
}
