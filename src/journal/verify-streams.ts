import type { Snapshot } from '../platform/db/snapshot.ts';
import type { AnyStreamKind } from './stream.ts';
import type { Findings } from './verify-findings.ts';
import { compareBeside, ProjectionCheck } from './verify-projection.ts';
import { SignatureCheck, signingKeys } from './verify-signatures.ts';
import { BEFORE_ALL, PAGE, PLAN, type Place, readEntries } from './verify-stored-entry.ts';
import { type FoldListener, StreamFold } from './verify-stream-fold.ts';
import { checkWaiting, findLostEvents, type WaitingEvent } from './verify-waiting.ts';

/** What reading all streams needs. */
export interface StreamsToVerify {
  readonly tenantId: string;
  readonly kinds: readonly AnyStreamKind[];
  /** Events that waited for the sequencer before it ran last. */
  readonly waitedBefore: ReadonlySet<string>;
  readonly findings: Findings;
  readonly onEntries: (entries: number) => void;
}

/** What the streams say about the tree. */
export interface VerifiedStreams {
  readonly entries: number;
  readonly streams: number;
  /** Committed since the sequencer ran: not in the tree yet, and rightly so. */
  readonly pending: number;
  /** Leaf hashes of envelopes that are not what is stored in the tree, by ledger index. */
  readonly otherLeaves: ReadonlyMap<number, string>;
}

/** Streams of one look at their rows, or events without a leaf; what one page brings comes on top. */
const BATCH = 1_000;
/** More than this many altered leaves are not replaced in the recomputed tree. */
const MOST_OTHER_LEAVES = 100_000;

/**
 * Reads every event in the order of its stream, checks it by itself, folds the streams and compares
 * what they give with the rows that are stored. `events` and `rows` are two connections to one
 * snapshot: rows are read while the next events arrive.
 */
export async function verifyStreams(
  events: Snapshot,
  rows: Snapshot,
  { tenantId, kinds, waitedBefore, findings, onEntries }: StreamsToVerify,
): Promise<VerifiedStreams> {
  const otherLeaves = new Map<number, string>();
  let waiting: WaitingEvent[] = [];
  let pending = 0;
  let leaves = 0;
  const projections = new ProjectionCheck(rows, tenantId, findings);
  const listener: FoldListener = {
    onOtherLeaf(index, leaf) {
      if (otherLeaves.size < MOST_OTHER_LEAVES) otherLeaves.set(index, leaf);
    },
    onStream: (stream) => projections.expect(stream),
  };
  const signatures = new SignatureCheck(await signingKeys(rows, tenantId, kinds));
  const fold = new StreamFold(tenantId, kinds, findings, listener, signatures);
  const check = async (leafless: readonly WaitingEvent[]) => {
    await projections.compare();
    pending += await checkWaiting(rows, tenantId, leafless, waitedBefore, findings);
  };
  await events.query(PLAN);
  let checking = Promise.resolve();
  for (let last: Place | undefined = BEFORE_ALL; last; ) {
    const begun = fold.entries;
    let newest: Place = last;
    await readEntries(events, tenantId, last, (entry) => {
      fold.take(entry);
      newest = entry;
      if (entry.index === undefined) waiting.push(entry);
      else leaves += 1;
    });
    last = fold.entries - begun < PAGE ? undefined : newest;
    if (!last) fold.end();
    if (!last || projections.waiting + waiting.length >= BATCH) {
      await checking;
      // While the next page is read.
      checking = check(waiting);
      checking.catch(() => {});
      waiting = [];
    }
    onEntries(fold.entries);
  }
  await checking;
  await findLostEvents(rows, tenantId, leaves, findings);
  await projections.findStrays(kinds);
  // Of a register that is not what it should be they could only say the same again.
  if (findings.count === 0) await compareBeside(rows, tenantId, kinds, findings);
  return { entries: fold.entries, streams: fold.streams, pending, otherLeaves };
}
