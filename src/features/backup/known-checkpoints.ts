import { readdir } from 'node:fs/promises';
import { isUlid } from '../../domain/ids.ts';
import { parseCheckpoint } from '../../domain/ledger/checkpoint.ts';
import { equalBytes } from '../../domain/ledger/encoding.ts';
import { claimOf, epochOfOrigin } from '../../domain/ledger/epoch.ts';
import { epochOfName, fileCheckpointStore } from '../../journal/checkpoint-store.ts';
import { rootsAhead } from '../../journal/tree-storage.ts';
import { type KeptNote, openNotes } from '../../journal/verify-checkpoints.ts';
import { verifyEpochs } from '../../journal/verify-epochs.ts';
import { Findings } from '../../journal/verify-findings.ts';
import type { Reader } from '../../platform/db/snapshot.ts';
import type { KeptFile } from './manifest.ts';

/** A checkpoint that a restored ledger does not reach. */
export interface LaterCheckpoint {
  readonly name: string;
  readonly epoch: number;
  readonly size: number;
  /** Its epoch was opened after the backup was made; nothing in the backup can tell who signed it. */
  readonly isOfLaterEpoch: boolean;
}

/** Checkpoints outside the database, as far as a restore knows them. */
export interface KnownCheckpoints {
  /** Those that the restored ledger has to agree with: verification compares them. */
  readonly covered: readonly KeptNote[];
  /** The newest that was signed for more than is restored, where there is one. */
  readonly later: LaterCheckpoint | undefined;
}

/**
 * Sorts what is known of a tenant's checkpoints outside the database: those of the backup, those of
 * the data folder, and those that were named. Of a log that the backup knows, only a note that its
 * key has signed counts as a later one; any other goes to verification, which says what is wrong.
 */
export async function sortCheckpoints(
  reader: Reader,
  tenantId: string,
  size: number,
  notes: readonly KeptNote[],
): Promise<KnownCheckpoints> {
  const ledger = await verifyEpochs(reader, tenantId, new Findings());
  const present = ledger.epochs.at(-1)?.epoch ?? 1;
  const [first] = ledger.logs;
  const origin = ledger.logs.at(-1)?.origin;
  const opened = await openNotes(notes, ledger, new Findings());
  // What an epoch that is over has signed beyond its fork, the epoch after it cites.
  const ahead = opened.filter((note) => note.origin === origin && note.size > size);
  const roots = await rootsAhead(
    reader,
    tenantId,
    ahead.map((note) => note.size),
  );
  const lost = ahead.filter((note) => !agrees(roots.get(note.size), note.root));
  const unknown = notes.flatMap(({ name, note }) => {
    const claim = claimOf(note);
    const said = claim && first && epochOfOrigin(first.origin, claim.origin);
    const epoch = said ?? epochOfName(name);
    return epoch > present ? [{ name, note, epoch, size: claim?.size ?? 0 }] : [];
  });
  const beyond = [...lost.map((each) => ({ ...each, epoch: present })), ...unknown].sort(
    (a, b) => b.epoch - a.epoch || b.size - a.size,
  );
  const settled = new Set([...ahead, ...unknown].map(({ note }) => note));
  return {
    covered: notes.filter(({ note }) => !settled.has(note)),
    later: beyond.map(({ name, epoch, size: signed }) => ({
      ...{ name, epoch, size: signed },
      isOfLaterEpoch: epoch > present,
    }))[0],
  };
}

function agrees(root: Uint8Array | undefined, signed: Uint8Array): boolean {
  return root !== undefined && equalBytes(root, signed);
}

const KEPT =
  /^checkpoints\/([0-9A-HJKMNP-TV-Z]{26})\/((?:epoch-\d{1,9}\.)?\d{16}\.\d{4}-\d{2}-\d{2})$/;

/** The checkpoints among the files of a backup; any other name, such as one that leads elsewhere, is none. */
export function checkpointsOf(files: readonly KeptFile[]) {
  return files.flatMap(({ name, text: note }) => {
    const [, tenantId, file] = KEPT.exec(name) ?? [];
    return tenantId && file ? [{ tenantId, name: file, note }] : [];
  });
}

/** The checkpoints of a data folder's store as files of a backup. */
export async function checkpointFiles(folder: string): Promise<KeptFile[]> {
  const checkpoints = fileCheckpointStore(folder);
  const files: KeptFile[] = [];
  for (const tenantId of await tenantsIn(folder)) {
    for (const { name, note } of await checkpoints.all(tenantId))
      files.push({ name: `checkpoints/${tenantId}/${name}`, text: note });
  }
  return files;
}

async function tenantsIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter(isUlid).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The log that a checkpoint's note names, unverified; undefined where it is no checkpoint. */
export function originOf(note: string): string | undefined {
  try {
    return parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1)).origin;
  } catch {
    return undefined;
  }
}
