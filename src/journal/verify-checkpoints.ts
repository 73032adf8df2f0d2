import { type Checkpoint, openCheckpoint, type TrustedLog } from '../domain/ledger/checkpoint.ts';
import { claimOf, isCited, isCovered, type OpenedEpoch } from '../domain/ledger/epoch.ts';
import { verifyInPool } from './note-signature.ts';
import type { VerifiedEpochs } from './verify-epochs.ts';
import type { Findings } from './verify-findings.ts';

/** A signed note and where it is kept: `database/<size>`, or its name outside the database. */
export interface KeptNote {
  readonly name: string;
  readonly note: string;
  /** The size that it is kept under, where it is. */
  readonly size?: number;
}

/** A checkpoint that a key of the ledger has signed. */
export interface KeptCheckpoint extends Checkpoint {
  readonly name: string;
  readonly note: string;
}

/**
 * Opens notes, several at once; one that no key of the ledger has signed is a finding, unless an
 * epoch that was opened since has given it up.
 */
export async function openNotes(
  notes: readonly KeptNote[],
  { logs, epochs }: VerifiedEpochs,
  findings: Findings,
): Promise<KeptCheckpoint[]> {
  if (logs.length === 0) return [];
  const opened = await Promise.all(
    notes.map(async (kept) => {
      try {
        return await opening(kept, logs);
      } catch (error) {
        if (isDismissed(kept.note, logs, epochs)) return undefined;
        const message = `the checkpoint is not one that this ledger signed: ${error instanceof Error ? error.message : error}`;
        findings.add({ code: 'checkpoint-unverified', message, checkpoint: kept.name });
        return undefined;
      }
    }),
  );
  return opened.filter((checkpoint) => checkpoint !== undefined);
}

async function opening({ name, note, size }: KeptNote, logs: readonly TrustedLog[]) {
  const log = logOf(note, logs) ?? logs[0];
  if (!log) throw new Error('the ledger has no key');
  const checkpoint = await openCheckpoint(note, log, verifyInPool);
  if (size !== undefined && size !== checkpoint.size)
    throw new Error(`it was signed for ${checkpoint.size} entries`);
  return { name, note, ...checkpoint };
}

/** Cited itself; or of an epoch that was lost with its key, and no larger than what is cited of it. */
function isDismissed(
  note: string,
  logs: readonly TrustedLog[],
  epochs: readonly OpenedEpoch[],
): boolean {
  if (isCited(epochs, note)) return true;
  const claim = claimOf(note);
  return claim !== undefined && !logOf(note, logs) && isCovered(epochs, claim);
}

function logOf(note: string, logs: readonly TrustedLog[]): TrustedLog | undefined {
  const origin = note.slice(0, note.indexOf('\n'));
  return logs.find((log) => log.origin === origin);
}
