import { hash } from 'node:crypto';
import { SALT_BYTES } from '../domain/ledger/envelope.ts';
import { type ReadEnvelope, readEnvelope, unescapeBytes } from './verify-envelope.ts';
import type { Finding } from './verify-findings.ts';

/** An event as it is stored, with its payload and its leaf where there are any. */
export interface StoredEntry {
  readonly streamType: string;
  readonly streamId: string;
  readonly version: number;
  readonly eventId: string;
  /** As `encode(…, 'escape')` writes it. */
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
  const leaf = leafOf(entry.envelope);
  const isLeaf = entry.leaf === null || sameHex(entry.leaf, leaf);
  let envelope: ReadEnvelope | undefined;
  let finding: Finding | undefined;
  try {
    envelope = readEnvelope(entry.envelope);
    finding = contradiction(entry, envelope, isLeaf);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    finding = failure(entry, 'envelope-malformed', message);
  }
  return { leaf, isLeaf, envelope: finding ? undefined : envelope, finding };
}

function contradiction(
  entry: StoredEntry,
  envelope: ReadEnvelope,
  isLeaf: boolean,
): Finding | undefined {
  const misplaced = misplacement(entry, envelope);
  if (misplaced) return failure(entry, 'envelope-misplaced', misplaced);
  if (!isLeaf) {
    const message = 'the envelope is not the one whose hash is in the tree';
    return failure(entry, 'leaf-mismatch', message);
  }
  if (entry.payload === null || entry.salt === null) {
    const message = 'the payload is gone, and no retention rule let it go';
    return failure(entry, 'payload-missing', message);
  }
  if (commitmentOf(entry.salt, entry.payload) === envelope.commitment) return undefined;
  const message = 'the payload is not the one that the envelope commits to';
  return failure(entry, 'payload-mismatch', message);
}

function failure(entry: StoredEntry, code: Finding['code'], message: string): Finding {
  const { streamType, streamId, version, index } = entry;
  const place = { stream: `${streamType}:${streamId}`, version };
  return { code, message, ...(index === undefined ? {} : { index }), ...place };
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

/** RFC 6962: `SHA-256(0x00 || entry)`. Hexadecimal, since Node gives that in half the time. */
function leafOf(escaped: string): string {
  // Without a backslash every character is the byte that it stands for, and below 0x80.
  if (!escaped.includes('\\')) return hash('sha256', `\0${escaped}`, 'hex');
  return hash('sha256', Buffer.concat([Buffer.of(0), unescapeBytes(escaped)]), 'hex');
}

// Reused: new buffers for each payload would cost as much as the hashing.
let buffer = Buffer.allocUnsafe(64 * 1024);

function commitmentOf(salt: string, payload: string): string {
  const most = SALT_BYTES + payload.length * 3;
  if (most > buffer.length) buffer = Buffer.allocUnsafe(most * 2);
  const salted = buffer.write(salt.slice(2), 0, 'hex');
  return hash('sha256', buffer.subarray(0, salted + buffer.write(payload, salted, 'utf8')), 'hex');
}

function sameHex(stored: string, hex: string): boolean {
  return stored.length === hex.length + 2 && stored.endsWith(hex);
}
