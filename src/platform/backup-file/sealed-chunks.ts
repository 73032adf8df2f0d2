import { createCipheriv, createDecipheriv } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { BackupFileError } from './backup-file-error.ts';
import { assertHeader, HEADER_BYTES, type OpenedHeader, openHeader } from './backup-header.ts';
import { ByteSource } from './byte-source.ts';

// The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): AES-256-GCM over chunks of
// 64 KiB. A chunk's nonce is its number and whether it is the last, so that none can be left out,
// repeated, moved or cut off; the header is authenticated with each of them.

/** Plain bytes of every chunk but the last. */
export const CHUNK_BYTES = 64 * 1024;
export const TAG_BYTES = 16;

/** Encrypts what is written to it; what comes out is the header and the chunks. */
export class SealedChunks extends Transform {
  readonly #header: OpenedHeader;
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  #filled = 0;
  #number = 0;

  constructor(header: OpenedHeader) {
    super();
    this.#header = header;
    this.push(header.bytes);
  }

  override _transform(data: Buffer, _: BufferEncoding, done: TransformCallback): void {
    for (let at = 0; at < data.length; ) {
      // Kept until more follows: only then is it known not to be the last.
      if (this.#filled === CHUNK_BYTES) this.#seal(false);
      const copied = data.copy(this.#chunk, this.#filled, at);
      this.#filled += copied;
      at += copied;
    }
    done();
  }

  override _flush(done: TransformCallback): void {
    this.#seal(true);
    done();
  }

  #seal(isLast: boolean): void {
    const { key, bytes } = this.#header;
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(this.#number, isLast)).setAAD(bytes);
    const sealed = cipher.update(this.#chunk.subarray(0, this.#filled));
    this.push(Buffer.concat([sealed, cipher.final(), cipher.getAuthTag()]));
    this.#filled = 0;
    this.#number += 1;
  }
}

/**
 * Opens a backup: reads its header, asks for the passphrase only where it is one, and gives the
 * plain bytes. Each is authenticated before it is given; that nothing is missing at the end is known
 * at the end alone, so whoever uses them must be able to take everything back.
 *
 * @throws BackupFileError at once for a file that is none and for a wrong passphrase, while reading
 * for one that was altered or cut off.
 */
export async function openSealed(
  file: AsyncIterable<Uint8Array>,
  passphrase: () => Promise<string>,
): Promise<AsyncGenerator<Buffer>> {
  const source = new ByteSource(file);
  const bytes = await source.take(HEADER_BYTES);
  assertHeader(bytes);
  return openChunks(source, await openHeader(bytes, await passphrase()));
}

async function* openChunks(source: ByteSource, header: OpenedHeader): AsyncGenerator<Buffer> {
  try {
    for (let number = 0; ; number += 1) {
      const from = source.taken;
      const sealed = await source.take(CHUNK_BYTES + TAG_BYTES);
      const isLast = await source.isAtEnd();
      const plain = openChunk(header, sealed, number, isLast);
      if (!plain) throw problemOf(header, sealed, { number, isLast, from, to: source.taken });
      yield plain;
      if (isLast) return;
    }
  } finally {
    await source.close();
  }
}

function openChunk(
  { key, bytes }: OpenedHeader,
  sealed: Buffer,
  number: number,
  isLast: boolean,
): Buffer | undefined {
  if (sealed.length < TAG_BYTES) return undefined;
  const options = { authTagLength: TAG_BYTES };
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(number, isLast), options);
  decipher.setAAD(bytes).setAuthTag(sealed.subarray(-TAG_BYTES));
  const plain = decipher.update(sealed.subarray(0, -TAG_BYTES));
  try {
    decipher.final();
    return plain;
  } catch {
    return undefined;
  }
}

interface ChunkPlace {
  readonly number: number;
  readonly isLast: boolean;
  readonly from: number;
  readonly to: number;
}

/** A chunk that opens as what it is not tells where the file was cut, or that something follows it. */
function problemOf(
  header: OpenedHeader,
  sealed: Buffer,
  { number, isLast, from, to }: ChunkPlace,
): BackupFileError {
  if (sealed.length < TAG_BYTES) return new BackupFileError('cut-off', `it ends after ${to} bytes`);
  if (!openChunk(header, sealed, number, !isLast)) {
    const ends = isLast ? ', or it is cut off' : '';
    return new BackupFileError(
      'altered',
      `it was altered between its bytes ${from} and ${to}${ends}`,
    );
  }
  return isLast
    ? new BackupFileError('cut-off', `it is cut off: it ends after ${to} bytes`)
    : new BackupFileError('altered', `something was added to it after ${to} bytes`);
}

/** 12 bytes: the chunk's number in the first eleven, 1 in the last for the last chunk. */
function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(number, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}
