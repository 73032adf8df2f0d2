import { decodeBase64, encodeBase64, equalBytes, parseDecimal } from './encoding.ts';
import { LedgerFormatError } from './format-error.ts';
import { areHashes, emptyRoot, type Sha256 } from './hash.ts';
import { assertSize } from './merkle-range.ts';
import { LedgerVerificationError, openNote, type VerifyEd25519 } from './note-verification.ts';
import { type NoteSigner, signNote } from './signed-note.ts';
import { isNoteName, type NoteVerifierKey } from './verifier-key.ts';

/** The head of a log at one size. */
export interface Checkpoint {
  /** Which log this is: a URL without scheme, by convention. */
  readonly origin: string;
  /** Number of leaves. */
  readonly size: number;
  /** RFC 6962 tree head at that size, 32 bytes. */
  readonly root: Uint8Array;
}

/** A log that a verifier trusts: what its checkpoints must say, and who may sign them. */
export interface TrustedLog {
  readonly origin: string;
  /** The log's keys, past ones included: one valid signature is enough. */
  readonly keys: readonly NoteVerifierKey[];
}

/**
 * The text of a checkpoint, the part that is signed: `origin\nsize\nbase64 root\n`. No extension
 * lines: monitors cannot audit them. Source: C2SP tlog-checkpoint, "Note text".
 * @throws LedgerFormatError where the origin is empty or holds white space, plus or control.
 */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  if (!isNoteName(origin)) {
    throw new LedgerFormatError('an origin is non-empty, without white space, plus or control');
  }
  assertSize(size);
  if (!areHashes([root])) throw new LedgerFormatError('a root is 32 bytes');
  return `${origin}\n${size}\n${encodeBase64(root)}\n`;
}

/**
 * Reads the text of a checkpoint. Extension lines of other logs are allowed, and left out of the
 * result. Source: C2SP tlog-checkpoint, "Note text".
 * @throws LedgerFormatError where a line is missing, empty or malformed.
 */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, root, ...rest] = text.split('\n');
  if (!origin || size === undefined || root === undefined || rest.pop() !== '') {
    throw new LedgerFormatError('a checkpoint is origin, size and root, each a line');
  }
  if (rest.includes('')) throw new LedgerFormatError('an extension line is empty');
  const checkpoint = { origin, size: parseDecimal(size, 'size'), root: decodeBase64(root) };
  if (!areHashes([checkpoint.root])) throw new LedgerFormatError('a root is 32 bytes');
  return checkpoint;
}

/** Writes a checkpoint as a note signed by the log. */
export function signCheckpoint(
  checkpoint: Checkpoint,
  signers: readonly NoteSigner[],
): Promise<string> {
  return signNote(formatCheckpoint(checkpoint), signers);
}

/**
 * Reads and verifies a signed checkpoint of a trusted log.
 * @throws LedgerFormatError where note or text is malformed.
 * @throws LedgerVerificationError where no key of the log signed it, one of them did so wrongly,
 * it is another log's, or it claims an empty tree with leaves in it.
 */
export async function openCheckpoint(
  note: Uint8Array | string,
  log: TrustedLog,
  verifyEd25519: VerifyEd25519,
  digest?: Sha256,
): Promise<Checkpoint> {
  const { text } = await openNote(note, log.keys, verifyEd25519);
  const checkpoint = parseCheckpoint(text);
  if (checkpoint.origin !== log.origin) {
    throw new LedgerVerificationError(`the checkpoint is of ${checkpoint.origin}`);
  }
  if (checkpoint.size === 0 && !equalBytes(checkpoint.root, emptyRoot(digest))) {
    throw new LedgerVerificationError('the root of size 0 is not that of the empty tree');
  }
  return checkpoint;
}
