import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { unreadable } from '../terminal/system-reason.ts';
import { type FileKind, kindOfFile, kindOfText } from './file-kind.ts';

/** A file that is sent, as often as it has to be. */
export interface Upload {
  readonly name: string;
  readonly size: number;
  readonly kind: FileKind;
  /** How much of it has left, in bytes. */
  sent(): number;
  /** The body, from the beginning. */
  open(): NonNullable<RequestInit['body']>;
}

/** INTERFACE, Limits; the server refuses more, but only once it has read that much. */
const MOST_BYTES = 50 * 1024 ** 2;
/** Beyond this it is not kept in memory. */
const BIG_BYTES = 4 * 1024 ** 2;
/** Enough to see what came from standard input. */
const SNIFFED = 64 * 1024;

/** A file to import; `-` is standard input. */
export async function openUpload(path: string): Promise<Upload> {
  try {
    if (path === '-') {
      const bytes = await readFile('/dev/stdin');
      return held('standard input', bytes, kindOfText(bytes.toString('utf8', 0, SNIFFED)));
    }
    const { size } = await stat(path);
    if (size > MOST_BYTES) {
      throw new CommandFailure(`${path} is larger than the 50 MB that one import may have`, {
        exitCode: EXIT.refused,
        next: 'divide it into several files; `lapse import` takes them together',
      });
    }
    const kind = kindOfFile(path);
    return size <= BIG_BYTES ? held(path, await readFile(path), kind) : streamed(path, size, kind);
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw unreadable(path, error);
  }
}

function held(name: string, bytes: Uint8Array<ArrayBuffer>, kind: FileKind): Upload {
  const { length: size } = bytes;
  return { name, size, kind, sent: () => size, open: () => bytes };
}

function streamed(name: string, size: number, kind: FileKind): Upload {
  let sent = 0;
  return {
    name,
    size,
    kind,
    sent: () => sent,
    open() {
      sent = 0;
      const stream = createReadStream(name).on('data', (chunk) => {
        sent += chunk.length;
      });
      return Readable.toWeb(stream) as ReadableStream;
    },
  };
}
