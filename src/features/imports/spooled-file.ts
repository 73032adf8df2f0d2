import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { DomainError } from '../../domain/errors.ts';
import { MAX_FILE_BYTES } from './import-schemas.ts';

const PIECE = 64 * 1024;

/**
 * An upload on disk, to be read as often as it takes. Its name is gone before the first byte
 * arrives, so that nothing is left behind whatever ends this process, and nobody else can open it.
 */
export class SpooledFile {
  readonly #handle: FileHandle;
  /** SHA-256 of its bytes. */
  readonly sha256: Uint8Array;

  constructor(handle: FileHandle, sha256: Uint8Array) {
    this.#handle = handle;
    this.sha256 = sha256;
  }

  /** Its bytes from the beginning; can be called again, one reader after another. */
  async *read(): AsyncGenerator<Uint8Array, void> {
    for (let position = 0; ; ) {
      const buffer = Buffer.allocUnsafe(PIECE);
      const { bytesRead } = await this.#handle.read(buffer, 0, PIECE, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  /** Lets go of it: the disk has its space back. */
  close(): Promise<void> {
    return this.#handle.close();
  }
}

/**
 * Writes an upload to a temporary file (mode 0600) as it arrives. Refuses with `too-large` beyond
 * `limit` bytes, and with `invalid-request` one that was cut off.
 */
export async function spool(
  upload: Readable,
  limit = MAX_FILE_BYTES,
  folder = tmpdir(),
): Promise<SpooledFile> {
  const path = join(folder, `lapse-import-${randomUUID()}`);
  const handle = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    return new SpooledFile(handle, await write(upload, handle, limit));
  } catch (error) {
    // A request that is destroyed takes its answer with it: what is left is received and dropped.
    upload.resume();
    await handle.close();
    throw error;
  }
}

/** The refusal of a file that is larger than `limit` bytes. */
export function fileTooLarge(limit = MAX_FILE_BYTES): DomainError {
  return new DomainError(
    'too-large',
    `the file is larger than an import may be: ${limit.toLocaleString('en')} bytes (${Math.floor(limit / 1024 / 1024)} MB); split it into several`,
  );
}

async function write(upload: Readable, handle: FileHandle, limit: number): Promise<Uint8Array> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of received(upload)) {
    bytes += piece.byteLength;
    if (bytes > limit) throw fileTooLarge(limit);
    hash.update(piece);
    await handle.writeFile(piece);
  }
  return hash.digest();
}

async function* received(upload: Readable): AsyncGenerator<Uint8Array, void> {
  const pieces = upload.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const next = await pieces.next();
      if (next.done) return;
      yield next.value as Uint8Array;
    }
  } catch (error) {
    const reason = error instanceof Error ? `: ${error.message}` : '';
    throw new DomainError('invalid-request', `the file was cut off while it arrived${reason}`);
  } finally {
    await pieces.return?.();
  }
}
