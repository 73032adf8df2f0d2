import type { BinaryRow, Snapshot } from '../platform/db/snapshot.ts';
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
const PAGE = 4_000;
/** More than this many altered leaves are not replaced in the recomputed tree. */
const MOST_OTHER_LEAVES = 100_000;

type Place = Pick<StoredEntry, 'streamType' | 'streamId' | 'version'>;

const BEFORE_ALL: Place = { streamType: '', streamId: '', version: 0 };

// All three lie in the order of the streams, so that each is read once and none is looked up.
const rowsAfter = (table: string) => `(SELECT * FROM lapse.${table}
    WHERE tenant_id = $1 AND (stream_type, stream_id, version) > ($2, $3, $4))`;
const EVENTS = `
  SELECT stream_type, stream_id, version, event_id, envelope, salt, payload, ledger_index, leaf_hash
  FROM ${rowsAfter('events')} e
  LEFT JOIN ${rowsAfter('event_payloads')} p USING (stream_type, stream_id, version)
  LEFT JOIN ${rowsAfter('ledger_leaves')} l USING (stream_type, stream_id, version)
  ORDER BY stream_type, stream_id, version LIMIT ${PAGE}`;

// Whatever the statistics say: every other plan reads or sorts whole tables for each page.
const PLAN = ['nestloop', 'hashjoin', 'seqscan', 'bitmapscan', 'sort']
  .map((method) => `SET LOCAL enable_${method} = off`)
  .join('; ');

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
  for (let last: Place | undefined = BEFORE_ALL; last; ) {
    const begun = fold.entries;
    let newest: Place = last;
    await readPage(events, tenantId, last, (entry) => {
      fold.take(entry);
      newest = entry;
      if (entry.index === undefined) waiting.push(waitingOf(entry));
      else leaves += 1;
    });
    last = fold.entries - begun < PAGE ? undefined : newest;
    if (!last) fold.end();
    await checking;
    // While the next page is read.
    checking = check(folded, waiting);
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

function readPage(
  events: Snapshot,
  tenantId: string,
  after: Place,
  onEntry: (entry: StoredEntry) => void,
): Promise<void> {
  const { streamType, streamId, version } = after;
  const values = [tenantId, streamType, streamId, version];
  return events.copy(EVENTS, values, (row) => onEntry(entryOf(row)));
}

function entryOf(row: BinaryRow): StoredEntry {
  const [streamType, streamId, version, eventId, envelope, salt, payload, index, leaf] = row;
  return {
    streamType: textOf(streamType),
    streamId: textOf(streamId),
    version: version?.readInt32BE(0) ?? 0,
    eventId: textOf(eventId),
    envelope: envelope ?? NOTHING,
    salt: salt ?? null,
    payload: payload ?? null,
    index: index ? Number(index.readBigInt64BE(0)) : undefined,
    leaf: leaf ?? null,
  };
}

/** Without the bytes of the entry, which are good for this row alone. */
function waitingOf({ eventId, streamType, streamId, version }: StoredEntry): WaitingEvent {
  return { eventId, streamType, streamId, version };
}

const NOTHING = Buffer.alloc(0);

function textOf(column: Buffer | null | undefined): string {
  return column?.toString('utf8') ?? '';
}
