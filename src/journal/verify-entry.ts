import { type ReadEnvelope, readEnvelope } from './verify-envelope.ts';
import type { Finding } from './verify-findings.ts';
import type { StoredEntry } from './verify-stored-entry.ts';

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
  const leaf = entry.envelopeHash;
  const isLeaf = entry.leaf === null || entry.leaf === leaf;
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
  if (entry.commitment === null) {
    const message = 'the payload is gone, and no retention rule let it go';
    return failure(entry, 'payload-missing', message);
  }
  if (entry.commitment === envelope.commitment) return undefined;
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
