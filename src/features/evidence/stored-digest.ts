import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import type { FilePlace, FileStore } from './file-store.ts';

/** Whether a file lies in the store and is what its digest says; reads it to its end. */
export async function isIntact(store: FileStore, place: FilePlace): Promise<boolean> {
  const stored = await store.open(place);
  return stored !== undefined && (await digestOf(stored.bytes)) === place.digest;
}

/** SHA-256 of bytes, in hexadecimal digits. */
async function digestOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(bytes, hash);
  return hash.digest('hex');
}
