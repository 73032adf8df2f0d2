import type { RawRow, Snapshot } from '../platform/db/snapshot.ts';
import type { AnyStreamKind } from './stream.ts';
import type { StoredEntry } from './verify-entry.ts';
import type { Findings } from './verify-findings.ts';
import { compareCounters, compareProjections, findStrays } from './verify-projection.ts';
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

// Payloads and leaves by one list of ids each: looked up one by one, row-level security would ask
// for the tenant at each of them, which takes as long as the looking up.
const EVENTS = `
  WITH e AS MATERIALIZED (
    SELECT stream_type, stream_id, version, event_id, encode(envelope, 'escape') AS envelope,
      row_number() OVER (ORDER BY stream_type, stream_id, version) AS n
    FROM lapse.events WHERE tenant_id = $1 AND (stream_type, stream_id, version) > ($2, $3, $4)
    ORDER BY stream_type, stream_id, version LIMIT ${PAGE}
  ), ids AS MATERIALIZED (SELECT array_agg(event_id) AS ids FROM e)
  SELECT e.stream_type, e.stream_id, e.version, e.event_id, e.envelope, p.salt, p.payload,
    l.ledger_index, l.leaf_hash
  FROM e LEFT JOIN (
    SELECT event_id, salt, payload FROM lapse.event_payloads
    WHERE tenant_id = $1 AND event_id = ANY((SELECT ids FROM ids)::text[])
  ) p ON p.event_id = e.event_id LEFT JOIN (
    SELECT event_id, ledger_index, leaf_hash FROM lapse.ledger_leaves
    WHERE tenant_id = $1 AND event_id = ANY((SELECT ids FROM ids)::text[])
  ) l ON l.event_id = e.event_id
  ORDER BY e.n`;

// Whatever the statistics say: every other plan reads a whole table for each page.
const PLAN = ['nestloop', 'mergejoin', 'seqscan', 'bitmapscan']
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
  let next: Promise<StoredEntry[]> | undefined = readPage(events, tenantId, undefined);
  while (next) {
    const page: StoredEntry[] = await next;
    // PostgreSQL prepares the next page while this one is checked.
    next = page.length === PAGE ? readPage(events, tenantId, page.at(-1)) : undefined;
    next?.catch(() => {});
    for (const entry of page) {
      fold.take(entry);
      if (entry.index === undefined) waiting.push(entry);
      else leaves += 1;
    }
    if (!next) fold.end();
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
  // Of a register that is not what it should be they could only say the same again.
  if (findings.count === 0) await compareCounters(rows, tenantId, kinds, findings);
  return { entries: fold.entries, streams: fold.streams, pending, otherLeaves };
}

async function readPage(
  events: Snapshot,
  tenantId: string,
  last: StoredEntry | undefined,
): Promise<StoredEntry[]> {
  const page: StoredEntry[] = [];
  const after = last ? [last.streamType, last.streamId, last.version] : ['', '', 0];
  await events.each(EVENTS, [tenantId, ...after], (row) => page.push(entryOf(row)));
  return page;
}

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
