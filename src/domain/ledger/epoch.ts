import { bytesToHex } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { formatInstant } from '../schedule/instant.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { utf8Bytes } from './encoding.ts';
import { portableSha256 } from './hash.ts';
import { LedgerVerificationError, openNote, type VerifyEd25519 } from './note-verification.ts';
import { parseSignedNote } from './signed-note.ts';
import { type NoteVerifierKey, parseVerifierKey } from './verifier-key.ts';

/**
 * What an administrator says when a ledger goes on although its tree does not extend what was signed:
 * from here on another log, with a name and a key of its own, signs the same tree. A log that signed
 * two trees under one name would equivocate (C2SP tlog-checkpoint).
 */
export const epochData = z.strictObject({
  /** From 2: the first epoch begins with the tenant, and no event opens it. */
  epoch: z.int().min(2),
  /** The log's name and key, as C2SP signed-note writes them. */
  verifier_key: z.string().refine(isVerifierKey, 'is no verifier key'),
  /** The note by which the key of the epoch before hands over to this one's; see {@link handoverText}. */
  handover: z.string(),
  /** Entries in the tree when it was opened. */
  tree_size: z.int().min(0),
  /** The largest size at which the tree agrees with a checkpoint that was signed before. */
  fork_size: z.int().min(0),
  /**
   * Checkpoints from outside the database that are given up: the note of each log's largest, and the
   * {@link noteDigest} of whatever else is kept there.
   */
  cited: z.array(z.string()).readonly(),
  reason: z.string().min(1),
});
export type EpochData = z.infer<typeof epochData>;

/** The one event of a ledger's stream. */
export interface EpochOpened {
  readonly type: 'EpochOpened';
  readonly data: EpochData;
}

/** An epoch that was opened: by whom, and when (RFC 3339). */
export const openedEpoch = epochData.extend({
  opened_at: z.string(),
  opened_by: z.strictObject({ id: z.string(), name: z.string() }),
});
export type OpenedEpoch = z.infer<typeof openedEpoch>;

/** A ledger's epochs after its first, in order. */
export interface LedgerState {
  readonly epochs: readonly OpenedEpoch[];
}

/** Where in which stream, when and through whom an epoch was opened. */
interface OpeningContext {
  readonly tenantId: string;
  readonly streamId: string;
  readonly at: number;
  readonly actor: { readonly id: string; readonly name: string };
}

/**
 * The ledger after one more epoch.
 * @throws Error where the stream is not the tenant's own, or the epoch does not come after the last.
 */
export function evolveLedger(
  state: LedgerState | undefined,
  { data }: EpochOpened,
  { tenantId, streamId, at, actor }: OpeningContext,
): LedgerState {
  const epochs = state?.epochs ?? [];
  if (streamId !== tenantId) throw new Error('a tenant has one ledger, named after itself');
  const last = epochs.at(-1)?.epoch ?? 1;
  if (data.epoch <= last) throw new Error(`epoch ${data.epoch} was opened after epoch ${last}`);
  const opened_by = { id: actor.id, name: actor.name };
  return { epochs: [...epochs, { ...data, opened_at: formatInstant(at), opened_by }] };
}

/** The name of a later epoch's log. A name is never used twice, so that no epoch's number is either. */
export function epochOrigin(first: string, epoch: number): string {
  return `${first}/epoch/${epoch}`;
}

/** The epoch of a ledger that a log's name says; `undefined` where it is no name of that ledger's. */
export function epochOfOrigin(first: string, origin: string): number | undefined {
  if (origin === first) return 1;
  const [, number] = /\/epoch\/([1-9]\d{0,8})$/.exec(origin) ?? [];
  const epoch = Number(number);
  return epoch > 1 && origin === epochOrigin(first, epoch) ? epoch : undefined;
}

/**
 * What the key of one epoch signs to hand over to that of the next, so that nobody can open an epoch
 * with the database alone. It never reads as a checkpoint: the third line is no hash.
 */
export function handoverText(epoch: number, verifierKey: string): string {
  return `lapse ledger epoch\n${epoch}\n${verifierKey}\n`;
}

/**
 * Checks that a key of the epoch before has handed over to an epoch.
 * @throws LedgerFormatError where the note is malformed.
 * @throws LedgerVerificationError where none of the keys signed it, or it speaks of another epoch.
 */
export async function assertHandedOver(
  { epoch, verifier_key, handover }: EpochData,
  keys: readonly NoteVerifierKey[],
  verifyEd25519: VerifyEd25519,
): Promise<void> {
  const { text } = await openNote(handover, keys, verifyEd25519);
  if (text === handoverText(epoch, verifier_key)) return;
  throw new LedgerVerificationError('the handover speaks of another epoch');
}

/** What a note claims to be a checkpoint of; nothing of it is verified. */
type Claim = Pick<Checkpoint, 'origin' | 'size'>;

/** Reads what a note claims; `undefined` where it is no checkpoint at all. */
export function claimOf(note: string): Claim | undefined {
  try {
    return parseCheckpoint(parseSignedNote(note).text);
  } catch {
    return undefined;
  }
}

/** How an epoch cites a note that is no checkpoint of a log: so that it covers nothing but itself. */
export function noteDigest(note: string): string {
  return `sha256:${bytesToHex(portableSha256(utf8Bytes(note)))}`;
}

/** Whether an epoch cites this very note. */
export function isCited(epochs: readonly EpochData[], note: string): boolean {
  if (epochs.length === 0) return false;
  const digest = noteDigest(note);
  return epochs.some(({ cited }) => cited.includes(note) || cited.includes(digest));
}

/** Whether an epoch cites a checkpoint of the same log that is at least as large. */
export function isCovered(epochs: readonly EpochData[], { origin, size }: Claim): boolean {
  return epochs.some((epoch) => citedSize(epoch, origin) >= size);
}

/**
 * Whether a checkpoint of a log whose key is known need not agree with the tree: an epoch that was
 * opened since covers it, and it lies beyond what tree and checkpoints agreed on then.
 */
export function isGivenUp(epochs: readonly EpochData[], { origin, size }: Claim): boolean {
  return epochs.some((epoch) => size > epoch.fork_size && size <= citedSize(epoch, origin));
}

/** What an epoch gives up: the checkpoints it cites, and signed entries beyond what the tree agrees with. */
export function lossOf({ cited, fork_size }: Pick<EpochData, 'cited' | 'fork_size'>) {
  const given_up = cited.flatMap((note) => {
    const claim = claimOf(note);
    return claim ? [{ origin: claim.origin, size: claim.size }] : [];
  });
  const lost_entries = Math.max(0, ...given_up.map(({ size }) => size - fork_size));
  return { lost_entries, given_up };
}

function citedSize({ cited }: EpochData, origin: string): number {
  const claims = cited.map(claimOf).filter((claim) => claim?.origin === origin);
  return Math.max(-1, ...claims.map((claim) => claim?.size ?? -1));
}

function isVerifierKey(text: string): boolean {
  try {
    parseVerifierKey(text);
    return true;
  } catch {
    return false;
  }
}
