import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCheckpoint } from '../domain/ledger/checkpoint.ts';

/** A note outside the database, and the epoch of the ledger that it was kept for. */
export interface OutsideNote {
  readonly name: string;
  readonly epoch: number;
  readonly note: string;
}

/**
 * Where signed checkpoints are kept outside the database: whoever owns the database could cut off
 * its newest rows or restore an old copy, but not take back what has left it (reference: C2SP
 * tlog-checkpoint).
 */
export interface CheckpointStore {
  /** The note of the largest tree of a tenant's newest epoch; `undefined` where none has left the database. */
  newest(tenantId: string): Promise<string | undefined>;
  /** The note of each epoch's largest tree, the newest epoch last. */
  newestOfEach(tenantId: string): Promise<OutsideNote[]>;
  /** Every note that is kept: of each epoch the newest, and the last of each day; the newest last. */
  all(tenantId: string): Promise<OutsideNote[]>;
  /**
   * Keeps a note of an epoch. One of a smaller tree never takes the place of a larger one's, and none
   * that of another epoch's. `at` is RFC 3339.
   */
  keep(tenantId: string, epoch: number, note: string, at: string): Promise<void>;
}

/** Enough for 2^53, so that names sort as their sizes do. */
const SIZE_DIGITS = 16;
/** The first epoch's notes bear no number. */
const NAME = /^(?:epoch-(\d{1,9})\.)?\d{16}\.\d{4}-\d{2}-\d{2}$/;

/** A kept note's name. `place` is the name without its epoch: names of one epoch sort by it. */
interface Kept {
  readonly name: string;
  readonly epoch: number;
  readonly place: string;
}

/**
 * Keeps checkpoints in files: `<folder>/<tenant>/<size>.<date>`, those of later epochs as
 * `epoch-<number>.<size>.<date>`. The name holds the size, so that processes which keep one at the
 * same moment cannot take each other's place: of an epoch the largest counts.
 */
export function fileCheckpointStore(folder: string): CheckpointStore {
  const read = async (tenantId: string, kept: readonly Kept[]): Promise<OutsideNote[]> => {
    const notes = await Promise.all(
      kept.map(async ({ name, epoch }) => {
        const note = await unlessMissing(readFile(join(folder, tenantId, name), 'utf8'));
        return note === undefined ? [] : [{ name, epoch, note }];
      }),
    );
    return notes.flat();
  };
  const newestOfEach = async (tenantId: string): Promise<OutsideNote[]> => {
    for (;;) {
      const kept = await keptIn(join(folder, tenantId));
      const newest = kept.filter(({ epoch }, at) => kept[at + 1]?.epoch !== epoch);
      const notes = await read(tenantId, newest);
      // Missing: one that is newer on the same day has taken its place meanwhile.
      if (notes.length === newest.length) return notes;
    }
  };
  return {
    newestOfEach,
    async newest(tenantId) {
      return (await newestOfEach(tenantId)).at(-1)?.note;
    },
    async all(tenantId) {
      return read(tenantId, await keptIn(join(folder, tenantId)));
    },
    async keep(tenantId, epoch, note, at) {
      const folderOfTenant = join(folder, tenantId);
      await mkdir(folderOfTenant, { recursive: true, mode: 0o700 });
      const day = at.slice(0, 10);
      const { size } = parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1));
      const name = checkpointName(epoch, size, at);
      const sameDay = (await keptIn(folderOfTenant)).filter(
        (kept) => kept.epoch === epoch && kept.place.endsWith(day),
      );
      if (sameDay.some((kept) => kept.name >= name)) return;
      await writeWhole(join(folderOfTenant, name), note);
      await Promise.all(
        sameDay.map((kept) => rm(join(folderOfTenant, kept.name), { force: true })),
      );
    },
  };
}

/**
 * Puts a checkpoint back into a folder of {@link fileCheckpointStore}, under the name that it had
 * there; one that is there already stays as it is. Answers the file's path where it was written.
 */
export async function putBackCheckpoint(
  folder: string,
  tenantId: string,
  name: string,
  note: string,
): Promise<string | undefined> {
  if (!NAME.test(name)) throw new Error(`${name} is not the name of a checkpoint`);
  const place = join(folder, tenantId);
  await mkdir(place, { recursive: true, mode: 0o700 });
  const file = join(place, name);
  const fresh = `${file}.${randomUUID()}.tmp`;
  await writeWhole(fresh, note);
  try {
    // A link, unlike a rename, never takes another's place.
    await link(fresh, file);
    return file;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  } finally {
    await rm(fresh, { force: true });
  }
}

/** The name that a checkpoint of so many entries of an epoch has on a day (RFC 3339). */
export function checkpointName(epoch: number, size: number, at: string): string {
  const place = `${String(size).padStart(SIZE_DIGITS, '0')}.${at.slice(0, 10)}`;
  return epoch === 1 ? place : `epoch-${epoch}.${place}`;
}

/** The epoch that a note's name says; the first where it says none. */
export function epochOfName(name: string): number {
  return Number(/(?:^|\/)epoch-(\d{1,9})\./.exec(name)?.[1] ?? 1);
}

/** The names of notes in a folder, epoch by epoch, the smallest tree first. */
async function keptIn(folder: string): Promise<Kept[]> {
  const names = (await unlessMissing(readdir(folder))) ?? [];
  return names
    .flatMap((name) => {
      const match = NAME.exec(name);
      if (!match) return [];
      const place = match[1] === undefined ? name : name.slice(name.indexOf('.') + 1);
      return [{ name, epoch: epochOfName(name), place }];
    })
    .sort((a, b) => a.epoch - b.epoch || (a.place < b.place ? -1 : 1));
}

async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all, and on the disk before it is named: a checkpoint is evidence. */
async function writeWhole(file: string, text: string): Promise<void> {
  // Several of one process may be at it too: verification sequences beside the loop.
  const fresh = `${file}.${randomUUID()}.tmp`;
  const handle = await open(fresh, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
}
