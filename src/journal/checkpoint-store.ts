import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Where signed checkpoints are kept outside the database: whoever owns the database could cut off
 * its newest rows or restore an old copy, but not take back what has left it (reference: C2SP
 * tlog-checkpoint).
 */
export interface CheckpointStore {
  /** The newest checkpoint note of a tenant, or `undefined` where none has left the database. */
  newest(tenantId: string): Promise<string | undefined>;
  /** Every note that is kept: the newest, and the last of each day. */
  all(tenantId: string): Promise<{ name: string; note: string }[]>;
  /** Keeps a note as the newest. `at` is RFC 3339. */
  keep(tenantId: string, note: string, at: string): Promise<void>;
}

/** Keeps checkpoints in files: `<folder>/<tenant>/newest` and `<folder>/<tenant>/<date>`. */
export function fileCheckpointStore(folder: string): CheckpointStore {
  return {
    async newest(tenantId) {
      try {
        return await readFile(join(folder, tenantId, 'newest'), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async all(tenantId) {
      const names = await readdir(join(folder, tenantId)).catch(() => []);
      const kept = names
        .filter((name) => name === 'newest' || /^\d{4}-\d{2}-\d{2}$/.test(name))
        .sort();
      return Promise.all(
        kept.map(async (name) => ({
          name,
          note: await readFile(join(folder, tenantId, name), 'utf8'),
        })),
      );
    },
    async keep(tenantId, note, at) {
      const place = join(folder, tenantId);
      await mkdir(place, { recursive: true, mode: 0o700 });
      await replace(join(place, at.slice(0, 10)), note);
      await replace(join(place, 'newest'), note);
    },
  };
}

/** Whole or not at all, and on the disk before it is named: a checkpoint is evidence. */
async function replace(file: string, text: string): Promise<void> {
  const fresh = `${file}.${process.pid}.tmp`;
  const handle = await open(fresh, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
}
