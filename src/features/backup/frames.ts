import type { ByteSource } from '../../platform/backup-file/byte-source.ts';

// What is inside the compressed, sealed stream: frames of a kind (1 byte), a length (4 bytes,
// big-endian) and that many bytes. The order: one manifest, any number of files, for each table of
// the manifest a `table` and its `rows`, for each file of evidence a `stored` and its `bytes`, one `end`.

/**
 * Kinds of frames. All but two hold JSON: `rows` holds part of what COPY gives, `bytes` part of a
 * file, both cut anywhere.
 */
export const FRAME = {
  manifest: 1,
  file: 2,
  table: 3,
  rows: 4,
  end: 5,
  stored: 6,
  bytes: 7,
} as const;

export interface Frame {
  readonly kind: number;
  readonly bytes: Buffer;
}

const HEAD_BYTES = 5;

/** A frame that holds JSON. */
export function jsonFrame(kind: number, value: unknown): Buffer {
  const bytes = Buffer.from(JSON.stringify(value));
  return Buffer.concat([frameHead(kind, bytes.length), bytes]);
}

/** What comes before a frame's bytes. */
export function frameHead(kind: number, length: number): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head[0] = kind;
  head.writeUInt32BE(length, 1);
  return head;
}

/**
 * The next frame.
 *
 * @throws Error where the stream ends in the middle of it.
 */
export async function readFrame(source: ByteSource): Promise<Frame> {
  const head = await source.take(HEAD_BYTES);
  const length = head.length === HEAD_BYTES ? head.readUInt32BE(1) : 0;
  const bytes = await source.take(length);
  if (head.length < HEAD_BYTES || bytes.length < length)
    throw new Error('the content of the backup ends too early');
  return { kind: head[0] ?? 0, bytes };
}
