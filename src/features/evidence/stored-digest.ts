import { createHash } from 'node:crypto';
import type { FilePlace, FileStore } from './file-store.ts';

/** Bytes that are not what the digest of their file says. */
export class AlteredFile extends Error {
  override readonly name = 'AlteredFile';

  constructor(digest: string) {
    super(`the bytes are not those of the file ${digest}`);
  }
}

/**
 * Passes bytes on as they come. The last piece waits until all of them are known to be what the
 * digest says, so that nobody can take an altered file for a whole one.
 *
 * @throws AlteredFile
 */
export async function* wholeBytes(
  bytes: AsyncIterable<Uint8Array>,
  digest: string,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let held: Uint8Array | undefined;
  for await (const piece of bytes) {
    if (held) yield held;
    hash.update(piece);
    held = piece;
  }
  if (hash.digest('hex') !== digest) throw new AlteredFile(digest);
  if (held) yield held;
}

/** Whether a file lies in the store and is what its digest says; reads it to its end. */
export async function isIntact(store: Pick<FileStore, 'open'>, place: FilePlace): Promise<boolean> {
  const stored = await store.open(place);
  if (!stored) return false;
  try {
    for await (const _ of wholeBytes(stored.bytes, place.digest));
    return true;
  } catch (error) {
    if (error instanceof AlteredFile) return false;
    throw error;
  }
}
