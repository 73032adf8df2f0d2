import { openCheckpoint } from '../domain/ledger/checkpoint.ts';
import { equalBytes } from '../domain/ledger/encoding.ts';
import { claimOf, isCited, isCovered, isGivenUp } from '../domain/ledger/epoch.ts';
import type { Transaction } from '../platform/db/transaction.ts';
import type { OutsideNote } from './checkpoint-store.ts';
import { type LedgerKeys, newestKey, trustedLog } from './ledger-key.ts';
import { verifyEd25519 } from './note-signature.ts';
import { headAt, reachableSize } from './tree-storage.ts';

/** How a checkpoint from outside the database stands to the tree. */
export interface Standing {
  /** The tree extends it: so many entries are as they were signed. */
  readonly agreedSize?: number;
  /** Why it does not, unless an epoch that was opened since has given it up. */
  readonly problem?: string;
  /** The tree is shorter, and what waits for the sequencer may make it as long: nothing can be said yet. */
  readonly isAwaited?: true;
  /** It bears a name that this ledger signs under, and no signature of its key. */
  readonly isForged?: true;
}

/** Compares one note from outside with the tree as it is stored. */
export async function standingOf(
  tx: Transaction,
  tenantId: string,
  ledger: LedgerKeys,
  { epoch, note }: OutsideNote,
): Promise<Standing> {
  if (isCited(ledger.epochs, note)) return {};
  const claim = claimOf(note);
  const key = ledger.keys.find(({ origin }) => origin === claim?.origin);
  if (!key) {
    if (claim && isCovered(ledger.epochs, claim)) return {};
    const newest = newestKey(ledger).epoch;
    return {
      problem:
        epoch > newest
          ? `epoch ${epoch} of the ledger was signed before, and the database knows none after epoch ${newest}`
          : 'a checkpoint outside the database is not of this ledger',
    };
  }
  let checkpoint: { size: number; root: Uint8Array };
  try {
    checkpoint = await openCheckpoint(note, trustedLog(key), verifyEd25519);
  } catch (error) {
    const problem = `a checkpoint outside the database is not signed by this ledger's key: ${(error as Error).message}`;
    return { problem, isForged: true };
  }
  if (isGivenUp(ledger.epochs, { origin: key.origin, size: checkpoint.size })) return {};
  const { size } = checkpoint;
  const root = await headAt(tx, tenantId, size);
  if (!root) {
    if ((await reachableSize(tx, tenantId)) >= size) return { isAwaited: true };
    return { problem: `the ledger is shorter than the ${size} entries that were signed before` };
  }
  if (equalBytes(root, checkpoint.root)) return { agreedSize: size };
  return { problem: `the ledger's first ${size} entries are not those that were signed before` };
}
