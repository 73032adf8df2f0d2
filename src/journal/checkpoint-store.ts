import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCheckpoint } from '../domain/ledger/checkpoint.ts';

/**
 * Where signed checkpoints are kept outside the database: whoever owns the database could cut off
 * its newest rows or restore an old copy, but not take back what has left it (reference: C2SP
 * tlog-checkpoint).
 */
export interface CheckpointStore {
  /** The checkpoint note of a tenant's largest tree; `undefined` where none has left the database. */
  newest(tenantId: string): Promise<string | undefined>;
  /** Every note that is kept: the newest, and the last of each day; the newest last. */
  all(tenantId: string): Promise<{ name: string; note: string }[]>;
  /** Keeps a note. One of a smaller tree never takes the place of a larger one's. `at` is RFC 3339. */
  keep(tenantId: string, note: string, at: string): Promise<void>;
}

/** Enough for 2^53, so that names sort as their sizes do. */
const SIZE_DIGITS = 16;
const NAME = /^(\d{16})\.(\d{4}-\d{2}-\d{2})$/;

/**
 * Keeps checkpoints in files: `<folder>/<tenant>/<size>.<date>`. The name holds the size, so that
 * processes which keep one at the same moment cannot take each other's place: the largest counts.
 */
export function fileCheckpointStore(folder: string): CheckpointStore {
  const read = (tenantId: string, name: string) => readFile(join(folder, tenantId, name), 'utf8');
  return {
    async newest(tenantId) {
      for (;;) {
        const name = (await namesIn(join(folder, tenantId))).at(-1);
        if (name === undefined) return undefined;
        const note = await unlessMissing(read(tenantId, name));
        // Missing: one that is newer on the same day has taken its place meanwhile.
        if (note !== undefined) return note;
      }
    },
    async all(tenantId) {
      const names = await namesIn(join(folder, tenantId));
      const notes = await Promise.all(
        names.map(async (name) => ({ name, note: await unlessMissing(read(tenantId, name)) })),
      );
      return notes.flatMap(({ name, note }) => (note === undefined ? [] : [{ name, note }]));
    },
    async keep(tenantId, note, at) {
      const place = join(folder, tenantId);
      await mkdir(place, { recursive: true, mode: 0o700 });
      const day = at.slice(0, 10);
      const { size } = parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1));
      const fresh = checkpointName(size, at);
      const sameDay = (await namesIn(place)).filter((name) => name.endsWith(day));
      if (sameDay.some((name) => name >= fresh)) return;
      await writeWhole(join(place, fresh), note);
      await Promise.all(sameDay.map((name) => rm(join(place, name), { force: true })));
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

/** The name that a checkpoint of so many entries has on a day (RFC 3339). */
export function checkpointName(size: number, at: string): string {
  return `${String(size).padStart(SIZE_DIGITS, '0')}.${at.slice(0, 10)}`;
}

async function namesIn(place: string): Promise<string[]> {
  const names = (await unlessMissing(readdir(place))) ?? [];
  return names.filter((name) => NAME.test(name)).sort();
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
