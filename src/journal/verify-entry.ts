import { hash } from 'node:crypto';
import { SALT_BYTES } from '../domain/ledger/envelope.ts';
import { type ReadEnvelope, readEnvelope } from './verify-envelope.ts';
import type { Finding } from './verify-findings.ts';

/** An event as it is stored, with its payload and its leaf where there are any. */
export interface StoredEntry {
  readonly streamType: string;
  readonly streamId: string;
  readonly version: number;
  readonly eventId: string;
  /** `\x` and hexadecimal digits. */
  readonly envelope: string;
  /** `\x` and hexadecimal digits. */
  readonly salt: string | null;
  readonly payload: string | null;
  readonly index: number | undefined;
  /** `\x` and hexadecimal digits. */
  readonly leaf: string | null;
}

/** What a check of one entry gives. */
export interface CheckedEntry {
  /** Leaf hash of the envelope that is stored, 64 hexadecimal digits. */
  readonly leaf: string;
  /** Whether that is the leaf hash in the tree; true for an entry that is not in the tree yet. */
  readonly isLeaf: boolean;
  /** Where everything holds, what the fold needs. */
  readonly envelope: ReadEnvelope | undefined;
  readonly finding: Finding | undefined;
}

/**
 * Checks one entry by itself: that its envelope is canonical and belongs where it stands, is the
 * leaf that the tree has, and commits to the payload. The first check that fails is the finding.
 */
export function checkEntry(entry: StoredEntry): CheckedEntry {
  const bytes = withLeafPrefix(entry.envelope);
  // RFC 6962: SHA-256(0x00 || entry). As text, since Node gives that in half the time.
  const leaf = hash('sha256', bytes, 'hex');
  const isLeaf = entry.leaf === null || sameHex(entry.leaf, leaf);
  const fail = (code: Finding['code'], message: string): CheckedEntry => {
    const { streamType, streamId, version, index } = entry;
    const place = { stream: `${streamType}:${streamId}`, version };
    const finding: Finding = { code, message, ...(index === undefined ? {} : { index }), ...place };
    return { leaf, isLeaf, envelope: undefined, finding };
  };
  let envelope: ReadEnvelope;
  try {
    envelope = readEnvelope(bytes.subarray(1));
  } catch (error) {
    return fail('envelope-malformed', error instanceof Error ? error.message : String(error));
  }
  const misplaced = misplacement(entry, envelope);
  if (misplaced) return fail('envelope-misplaced', misplaced);
  if (!isLeaf)
    return fail('leaf-mismatch', 'the envelope is not the one whose hash is in the tree');
  if (entry.payload === null || entry.salt === null)
    return fail('payload-missing', 'the payload is gone, and no retention rule let it go');
  if (commitmentOf(entry.salt, entry.payload) !== envelope.commitment)
    return fail('payload-mismatch', 'the payload is not the one that the envelope commits to');
  return { leaf, isLeaf, envelope, finding: undefined };
}

function misplacement(entry: StoredEntry, envelope: ReadEnvelope): string | undefined {
  if (envelope.eventId !== entry.eventId)
    return `the envelope of event ${envelope.eventId} stands in the row of ${entry.eventId}`;
  if (
    envelope.streamType === entry.streamType &&
    envelope.streamId === entry.streamId &&
    envelope.version === entry.version
  )
    return undefined;
  const { streamType, streamId, version } = envelope;
  return `the envelope says that it is version ${version} of ${streamType}:${streamId}`;
}

// Reused: new buffers for each entry would cost as much as the hashing. What is in it is used up
// before the next one is written.
let buffer = Buffer.allocUnsafe(64 * 1024);

function room(bytes: number): Buffer {
  if (bytes > buffer.length) buffer = Buffer.allocUnsafe(bytes * 2);
  return buffer;
}

function withLeafPrefix(envelope: string): Buffer {
  const bytes = room(envelope.length);
  bytes[0] = 0;
  return bytes.subarray(0, 1 + bytes.write(envelope.slice(2), 1, 'hex'));
}

function commitmentOf(salt: string, payload: string): string {
  const bytes = room(SALT_BYTES + payload.length * 3);
  const salted = bytes.write(salt.slice(2), 0, 'hex');
  return hash('sha256', bytes.subarray(0, salted + bytes.write(payload, salted, 'utf8')), 'hex');
}

function sameHex(stored: string, hex: string): boolean {
  return stored.length === hex.length + 2 && stored.endsWith(hex);
}
