import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { CommandFailure, EXIT, usageFailure } from '../terminal/command-failure.ts';
import { barText, type ProgressLine, progressLine } from '../terminal/progress-line.ts';

/** A file that is sent, as often as it has to be. */
export interface Upload {
  readonly name: string;
  readonly progress: ProgressLine;
  /** The body, from the beginning. */
  open(doing: string): NonNullable<RequestInit['body']>;
}

/** INTERFACE, Limits; the server refuses more, but only once it has read that much. */
const MOST_BYTES = 50 * 1024 ** 2;
/** Beyond this it is worth showing how far it is. */
const BIG_BYTES = 4 * 1024 ** 2;

/** A file to import; `-` is standard input. */
export async function openUpload(path: string): Promise<Upload> {
  const progress = progressLine();
  try {
    if (path === '-') return held('standard input', await readFile('/dev/stdin'), progress);
    const { size } = await stat(path);
    if (size > MOST_BYTES) {
      throw new CommandFailure(`${path} is larger than the 50 MB that one import may have`, {
        exitCode: EXIT.refused,
        next: 'divide it into several files; `lapse import` takes them together',
      });
    }
    if (size <= BIG_BYTES) return held(path, await readFile(path), progress);
    return { name: path, progress, open: (doing) => streamOf(path, size, doing, progress) };
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw usageFailure(`${path} cannot be read: ${(error as Error).message}`);
  }
}

function held(name: string, bytes: Uint8Array<ArrayBuffer>, progress: ProgressLine): Upload {
  return { name, progress, open: () => bytes };
}

function streamOf(
  path: string,
  size: number,
  doing: string,
  progress: ProgressLine,
): ReadableStream {
  let sent = 0;
  const stream = createReadStream(path).on('data', (chunk) => {
    sent += chunk.length;
    progress.update(`${barText(sent, size)}  ${doing} ${path}`);
  });
  return Readable.toWeb(stream) as ReadableStream;
}
