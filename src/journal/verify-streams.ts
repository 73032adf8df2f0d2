import type { RawRow, Snapshot } from '../platform/db/snapshot.ts';
import type { AnyStreamKind } from './stream.ts';
import type { StoredEntry } from './verify-entry.ts';
import type { Findings } from './verify-findings.ts';
import { compareProjections, findStrays } from './verify-projection.ts';
import { type FoldedStream, StreamFold } from './verify-stream-fold.ts';
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

/** Events of one statement: few enough that the streams that end among them fit in memory. */
const PAGE = 2_000;
/** More than this many altered leaves are not replaced in the recomputed tree. */
const MOST_OTHER_LEAVES = 100_000;

// In the order of the primary key, so that no sort has to hold what is read.
const EVENTS = `
  SELECT e.stream_type, e.stream_id, e.version, e.event_id, e.envelope, p.salt, p.payload,
    l.ledger_index, l.leaf_hash
  FROM lapse.events e
  LEFT JOIN lapse.event_payloads p ON p.tenant_id = e.tenant_id AND p.event_id = e.event_id
  LEFT JOIN lapse.ledger_leaves l ON l.tenant_id = e.tenant_id AND l.event_id = e.event_id
  WHERE e.tenant_id = $1 AND (e.stream_type, e.stream_id, e.version) > ($2, $3, $4)
  ORDER BY e.stream_type, e.stream_id, e.version LIMIT ${PAGE}`;

// Whatever the statistics say: every other plan reads a whole table for each page.
const PLAN = ['hashjoin', 'mergejoin', 'seqscan', 'bitmapscan', 'sort']
  .map((method) => `SET LOCAL enable_${method} = off`)
  .join('; ');

/**
 * Reads every event in the order of its stream, checks it by itself, folds the streams and compares
 * what they give with the rows that are stored. `events` and `rows` are two connections to one
 * snapshot: rows are looked up while the next events arrive.
 */
export async function verifyStreams(
  events: Snapshot,
  rows: Snapshot,
  { tenantId, kinds, waitedBefore, findings, onEntries }: StreamsToVerify,
): Promise<VerifiedStreams> {
  const otherLeaves = new Map<number, string>();
  let folded: FoldedStream[] = [];
  let waiting: WaitingEvent[] = [];
  let pending = 0;
  let leaves = 0;
  const fold = new StreamFold(tenantId, kinds, findings, {
    onOtherLeaf(index, leaf) {
      if (otherLeaves.size < MOST_OTHER_LEAVES) otherLeaves.set(index, leaf);
    },
    onStream: (stream) => folded.push(stream),
  });
  const check = async (streams: readonly FoldedStream[], leafless: readonly WaitingEvent[]) => {
    await compareProjections(rows, tenantId, streams, findings);
    pending += await checkWaiting(rows, tenantId, leafless, waitedBefore, findings);
  };
  await events.query(PLAN);
  let checking = Promise.resolve();
  for (let after = START, full = true; full; ) {
    let count = 0;
    await events.each(EVENTS, [tenantId, ...after], (row) => {
      const entry = entryOf(row);
      fold.take(entry);
      if (entry.index === undefined) waiting.push(entry);
      else leaves += 1;
      count += 1;
      if (count === PAGE) after = [entry.streamType, entry.streamId, entry.version];
    });
    full = count === PAGE;
    if (!full) fold.end();
    await checking;
    checking = check(folded, waiting);
    // Awaited after the next page; until then nobody may take it for unhandled.
    checking.catch(() => {});
    folded = [];
    waiting = [];
    onEntries(fold.entries);
  }
  await checking;
  await findLostEvents(rows, tenantId, leaves, findings);
  await findStrays(rows, tenantId, kinds, findings);
  return { entries: fold.entries, streams: fold.streams, pending, otherLeaves };
}

const START: readonly [string, string, number] = ['', '', 0];

function entryOf(row: RawRow): StoredEntry {
  const [streamType, streamId, version, eventId, envelope, salt, payload, index, leaf] = row;
  return {
    streamType: streamType ?? '',
    streamId: streamId ?? '',
    version: Number(version),
    eventId: eventId ?? '',
    envelope: envelope ?? '',
    salt: salt ?? null,
    payload: payload ?? null,
    index: index == null ? undefined : Number(index),
    leaf: leaf ?? null,
  };
}
