import { type Checkpoint, openCheckpoint, type TrustedLog } from './checkpoint.ts';
import { decodeBase64, encodeBase64, parseDecimal, utf8Text } from './encoding.ts';
import { LedgerFormatError } from './format-error.ts';
import { areHashes, leafHash, type Sha256 } from './hash.ts';
import { assertSize } from './merkle-range.ts';
import { verifyInclusion } from './merkle-verify.ts';
import { LedgerVerificationError, type VerifyEd25519 } from './note-verification.ts';
import { parseSignedNote } from './signed-note.ts';

/** A receipt: all that is needed, beside the entry and the log's key, to show the entry logged. */
export interface Receipt {
  /** Position of the entry in the log, counted from 0. */
  readonly index: number;
  /** Inclusion proof in the checkpoint's tree, 32-byte hashes from the leaf's sibling up. */
  readonly proof: readonly Uint8Array[];
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: string;
  /** Opaque, authenticated by nothing: never to be trusted. */
  readonly extra?: Uint8Array;
}

/** What a receipt that verifies has shown. */
export interface VerifiedReceipt {
  readonly index: number;
  readonly checkpoint: Checkpoint;
}

const HEADER = 'c2sp.org/tlog-proof@v1';
/** A tree of 2^53 leaves is at most 53 levels high. */
const MAX_PROOF_HASHES = 53;

/**
 * Writes a receipt. Source: C2SP tlog-proof, "Format".
 * @throws LedgerFormatError, RangeError where a part is malformed.
 */
export function formatReceipt({ index, proof, checkpoint, extra }: Receipt): string {
  assertSize(index);
  if (!areHashes(proof)) throw new LedgerFormatError('a proof is hashes of 32 bytes');
  parseSignedNote(checkpoint);
  const extraLine = extra === undefined ? [] : [`extra ${encodeBase64(extra)}`];
  const lines = [HEADER, ...extraLine, `index ${index}`, ...proof.map(encodeBase64)];
  return `${lines.join('\n')}\n\n${checkpoint}`;
}

/**
 * Reads a receipt without verifying it. Source: C2SP tlog-proof, "Format".
 * @throws LedgerFormatError where it is malformed.
 */
export function parseReceipt(receipt: Uint8Array | string): Receipt {
  const text = typeof receipt === 'string' ? receipt : utf8Text(receipt);
  const blank = text.indexOf('\n\n');
  if (blank < 0) throw new LedgerFormatError('no blank line ends the proof');
  const lines = text.slice(0, blank).split('\n');
  if (lines.shift() !== HEADER) throw new LedgerFormatError(`a receipt begins with ${HEADER}`);
  const extra = lines[0]?.startsWith('extra ') ? lines.shift()?.slice(6) : undefined;
  const indexLine = lines.shift();
  if (!indexLine?.startsWith('index ')) throw new LedgerFormatError('the index line is missing');
  if (lines.length > MAX_PROOF_HASHES) throw new LedgerFormatError('the proof is too long');
  const proof = lines.map(decodeBase64);
  if (!areHashes(proof)) throw new LedgerFormatError('a proof is hashes of 32 bytes');
  const checkpoint = text.slice(blank + 2);
  parseSignedNote(checkpoint);
  const index = parseDecimal(indexLine.slice(6), 'index');
  const parsed = { index, proof, checkpoint };
  return extra === undefined ? parsed : { ...parsed, extra: decodeBase64(extra) };
}

/**
 * Verifies offline that a receipt shows `entry` (the stored envelope's bytes) in a trusted log.
 * @throws LedgerFormatError where receipt or checkpoint is malformed.
 * @throws LedgerVerificationError where the checkpoint is not the log's, or the entry not at that
 * index of its tree.
 */
export async function verifyReceipt(
  receipt: Uint8Array | string,
  entry: Uint8Array,
  log: TrustedLog,
  verifyEd25519: VerifyEd25519,
  digest?: Sha256,
): Promise<VerifiedReceipt> {
  const { index, proof, checkpoint: note } = parseReceipt(receipt);
  const checkpoint = await openCheckpoint(note, log, verifyEd25519, digest);
  const { size, root } = checkpoint;
  const leaf = leafHash(entry, digest);
  if (!verifyInclusion({ index, size, leaf, root, proof }, digest)) {
    throw new LedgerVerificationError(`the entry is not at index ${index} of the checkpoint`);
  }
  return { index, checkpoint };
}
