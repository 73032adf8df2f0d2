import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** What was written. */
export interface WrittenFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
}

/**
 * Writes a file whole or not at all (0600): beside it under another name, to the disk, and only then
 * in its place. Whatever fails, what stood there before still does, and nothing else is left behind.
 *
 * @throws the error of the write, such as ENOSPC, or of `content`.
 */
export async function replaceFile(
  path: string,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal: AbortSignal,
): Promise<WrittenFile> {
  const place = resolve(path);
  const fresh = join(dirname(place), `.${basename(place)}.${randomBytes(6).toString('hex')}.tmp`);
  // Somebody who does not wait for the end leaves nothing behind either.
  const takeAway = () => rmSync(fresh, { force: true });
  process.once('exit', takeAway);
  try {
    const handle = await open(fresh, 'wx', 0o600);
    // It closes the handle in any case, and before that, where all went well, syncs the file.
    await pipeline(content, handle.createWriteStream({ flush: true }), { signal });
    const { size } = await stat(fresh);
    await rename(fresh, place);
    await syncFolder(dirname(place));
    return { path: place, bytes: size };
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  } finally {
    process.off('exit', takeAway);
  }
}

/** Whether a name is that of a file which {@link replaceFile} has begun and not put in its place. */
export function isUnfinished(name: string): boolean {
  return /^\..+\.[0-9a-f]{12}\.tmp$/.test(name);
}

/** The name itself is on the disk only once its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
