import { hash } from 'node:crypto';
import type { BinaryRow } from '../platform/db/binary-row.ts';
import type { Snapshot } from '../platform/db/snapshot.ts';

/** An event as it is stored, with the digests of what stands beside it. */
export interface StoredEntry {
  readonly streamType: string;
  readonly streamId: string;
  readonly version: number;
  readonly eventId: string;
  /** One character a byte. */
  readonly envelope: string;
  /** RFC 6962 hash of the envelope, 64 hexadecimal digits. */
  readonly envelopeHash: string;
  /** What an envelope of this salt and payload commits to; null where one of them is gone. */
  readonly commitment: string | null;
  readonly payload: string;
  readonly index: number | undefined;
  /** The leaf hash in the tree, hexadecimal; null while there is none. */
  readonly leaf: string | null;
}

/** Events of one statement: few enough that the streams that end among them fit in memory. */
export const PAGE = 4_000;

/** Where an event stands. */
export type Place = Pick<StoredEntry, 'streamType' | 'streamId' | 'version'>;

export const BEFORE_ALL: Place = { streamType: '', streamId: '', version: 0 };

// All three lie in the order of the streams, so that each is read once and none is looked up.
const rowsAfter = (table: string) => `(SELECT * FROM lapse.${table}
    WHERE tenant_id = $1 AND (stream_type, stream_id, version) > ($2, $3, $4))`;
const EVENTS = `
  SELECT stream_type, stream_id, version, event_id, envelope, salt, payload, ledger_index, leaf_hash
  FROM ${rowsAfter('events')} e
  LEFT JOIN ${rowsAfter('event_payloads')} p USING (stream_type, stream_id, version)
  LEFT JOIN ${rowsAfter('ledger_leaves')} l USING (stream_type, stream_id, version)
  ORDER BY stream_type, stream_id, version LIMIT ${PAGE}`;

/** Whatever the statistics say: every other plan reads or sorts whole tables for each page. */
export const PLAN = ['nestloop', 'hashjoin', 'seqscan', 'bitmapscan', 'sort']
  .map((method) => `SET LOCAL enable_${method} = off`)
  .join('; ');

/** Hands over up to a page of events, in the order of their streams, that stand after a place. */
export function readEntries(
  events: Snapshot,
  tenantId: string,
  { streamType, streamId, version }: Place,
  onEntry: (entry: StoredEntry) => void,
): Promise<void> {
  const values = [tenantId, streamType, streamId, version];
  return events.copy(EVENTS, values, (row) => onEntry(entryOf(row)));
}

// Columns of EVENTS.
const [TYPE, ID, VERSION, EVENT, ENVELOPE, SALT, PAYLOAD, INDEX, LEAF] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8,
];

function entryOf(row: BinaryRow): StoredEntry {
  return {
    streamType: row.text(TYPE),
    streamId: row.text(ID),
    version: row.int4(VERSION),
    eventId: row.text(EVENT),
    envelope: row.text(ENVELOPE, 'latin1'),
    envelopeHash: envelopeHash(row),
    commitment: row.isNull(SALT) || row.isNull(PAYLOAD) ? null : commitment(row),
    payload: row.text(PAYLOAD),
    index: row.isNull(INDEX) ? undefined : row.int8(INDEX),
    leaf: row.isNull(LEAF) ? null : row.text(LEAF, 'hex'),
  };
}

// Reused: new buffers for each entry would cost as much as the hashing.
let buffer = Buffer.allocUnsafe(64 * 1024);

/** RFC 6962: `SHA-256(0x00 || entry)`. */
function envelopeHash(row: BinaryRow): string {
  reserve(1 + row.length(ENVELOPE));
  buffer[0] = 0;
  return digestUpTo(row.copy(ENVELOPE, buffer, 1));
}

function commitment(row: BinaryRow): string {
  reserve(row.length(SALT) + row.length(PAYLOAD));
  return digestUpTo(row.copy(PAYLOAD, buffer, row.copy(SALT, buffer, 0)));
}

/** Hexadecimal, since Node gives that in half the time. */
function digestUpTo(end: number): string {
  return hash('sha256', buffer.subarray(0, end), 'hex');
}

function reserve(length: number): void {
  if (length > buffer.length) buffer = Buffer.allocUnsafe(length * 2);
}
