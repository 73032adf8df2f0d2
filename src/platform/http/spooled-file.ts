import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { DomainError } from '../../domain/errors.ts';

const PIECE = 64 * 1024;

/** How large an upload may be. */
export interface UploadLimit {
  readonly bytes: number;
  /** What it is for: `an import`. */
  readonly of: string;
  /** What to do with one that is larger. */
  readonly mend: string;
}

/**
 * An upload on disk, to be read as often as it takes. Its name is gone before the first byte
 * arrives, so that nothing is left behind whatever ends this process, and nobody else can open it.
 */
export class SpooledFile {
  readonly #handle: FileHandle;
  /** SHA-256 of its bytes. */
  readonly sha256: Uint8Array;
  /** In bytes. */
  readonly size: number;

  constructor(handle: FileHandle, { sha256, size }: Pick<SpooledFile, 'sha256' | 'size'>) {
    this.#handle = handle;
    this.sha256 = sha256;
    this.size = size;
  }

  /** For readers that jump about; closed with the file, by nobody else. */
  get descriptor(): number {
    return this.#handle.fd;
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
 * the limit, with `invalid-request` one that was cut off, and with `unavailable` where the disk has
 * no room.
 */
export async function spool(
  upload: Readable,
  limit: UploadLimit,
  folder = tmpdir(),
): Promise<SpooledFile> {
  const path = join(folder, `lapse-upload-${randomUUID()}`);
  const handle = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    return new SpooledFile(handle, await write(upload, handle, limit));
  } catch (error) {
    // A request that is destroyed takes its answer with it: what is left is received and dropped.
    upload.resume();
    await handle.close();
    throw roomRefusal(error);
  }
}

/** The refusal of a file that is larger than may be. */
export function fileTooLarge({ bytes, of, mend }: UploadLimit): DomainError {
  return new DomainError(
    'too-large',
    `the file is larger than ${of} may be: ${bytes.toLocaleString('en')} bytes (${Math.floor(bytes / 1024 / 1024)} MB); ${mend}`,
  );
}

const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** A disk without room as a refusal that can be sent again; every other error as it is. */
export function roomRefusal(error: unknown): unknown {
  if (!NO_ROOM.has((error as NodeJS.ErrnoException)?.code ?? '')) return error;
  const message = 'the server has no room for the file: nothing was kept; make room and try again';
  return new DomainError('unavailable', message);
}

async function write(upload: Readable, handle: FileHandle, limit: UploadLimit) {
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of received(upload)) {
    size += piece.byteLength;
    if (size > limit.bytes) throw fileTooLarge(limit);
    hash.update(piece);
    await handle.writeFile(piece);
  }
  return { sha256: hash.digest(), size };
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
