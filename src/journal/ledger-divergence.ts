import { claimOf, noteDigest } from '../domain/ledger/epoch.ts';
import type { Transaction } from '../platform/db/transaction.ts';
import type { OutsideNote } from './checkpoint-store.ts';
import type { LedgerKeys } from './ledger-key.ts';
import { type Standing, standingOf } from './outside-checkpoints.ts';
import { newestHead } from './tree-storage.ts';

/** How a tree stands to everything that was signed before. */
export interface LedgerStanding {
  /** Why the tree does not extend it; `undefined` where it does. */
  readonly detail: string | undefined;
  readonly treeSize: number;
  /** The largest size at which the tree agrees with a signed checkpoint, in the database or outside. */
  readonly forkSize: number;
  /**
   * What a new epoch would give up, as it cites it: the largest checkpoint of each log that the tree
   * contradicts, and all else that is no checkpoint. Where it contradicts none, the newest.
   */
  readonly cited: readonly string[];
  /** The newest epoch that the database or a note outside it knows of. */
  readonly newestEpoch: number;
}

/** Compares the tree with every checkpoint that is kept, whatever the sequencer has made of them. */
export async function ledgerStanding(
  tx: Transaction,
  tenantId: string,
  ledger: LedgerKeys,
  outside: readonly OutsideNote[],
): Promise<LedgerStanding> {
  const [head, own] = await Promise.all([newestHead(tx, tenantId), newestOwn(tx, tenantId)]);
  const judged: Judged[] = [];
  // One after the other: there may be one for each day of years.
  for (const kept of [...own, ...outside])
    judged.push({ ...(await standingOf(tx, tenantId, ledger, kept)), note: kept.note });
  // What the database holds itself may only agree: it is no evidence against the database.
  const broken = judged.slice(own.length).filter(({ problem }) => problem !== undefined);
  return {
    detail: broken.at(-1)?.problem,
    treeSize: head?.size ?? 0,
    forkSize: Math.max(0, ...judged.map(({ agreedSize = 0 }) => agreedSize)),
    cited: citations(broken.length > 0 ? broken : judged.slice(own.length).slice(-1)),
    newestEpoch: Math.max(
      ...ledger.keys.map(({ epoch }) => epoch),
      ...outside.map(({ epoch }) => epoch),
    ),
  };
}

interface Judged extends Standing {
  readonly note: string;
}

/** The newest checkpoint in the database. */
async function newestOwn(tx: Transaction, tenantId: string): Promise<OutsideNote[]> {
  const rows = await tx.query<{ size: number; note: string }>(
    'SELECT size, note FROM lapse.ledger_checkpoints WHERE tenant_id = $1 ORDER BY size DESC LIMIT 1',
    [tenantId],
  );
  return rows.map(({ size, note }) => ({ name: `database/${size}`, epoch: 1, note }));
}

/** A checkpoint with a few signatures has some hundred characters. */
const LONGEST = 4_096;

function citations(judged: readonly Judged[]): string[] {
  const largest = new Map<string, { size: number; note: string }>();
  const others: string[] = [];
  for (const { note, isForged } of judged) {
    const claim = isForged || note.length > LONGEST ? undefined : claimOf(note);
    if (!claim) others.push(noteDigest(note));
    else if ((largest.get(claim.origin)?.size ?? -1) < claim.size)
      largest.set(claim.origin, { size: claim.size, note });
  }
  return [...[...largest.values()].map(({ note }) => note), ...new Set(others)];
}
