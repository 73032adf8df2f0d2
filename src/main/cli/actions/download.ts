import { once } from 'node:events';
import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { remark } from '../terminal/output.ts';
import { progressLine } from '../terminal/progress-line.ts';
import { abortSignal } from '../terminal/stop-signal.ts';
import { isKeptWhole, writeWholeFile } from '../terminal/write-output.ts';
import { arrivingPieces } from './arriving-pieces.ts';

/**
 * Writes a file that the server streams to standard output, or whole into a file; `what` names it for
 * people, such as "export".
 */
export async function download(
  path: string,
  output: string | undefined,
  what: string,
): Promise<void> {
  const response = await connect().send(path);
  const progress = process.stderr.isTTY ? progressLine() : undefined;
  let bytes = 0;
  progress?.follow((seconds) => `the ${what} arrives: ${sizeText(bytes)} (${seconds} s)`);
  const pieces = arrivingPieces(response.body, {
    onPiece: ({ length }) => {
      bytes += length;
    },
    brokenOff: brokenOff(output, what),
    // What goes on to somebody else ends as they are used to.
    ...(output !== undefined && (await isKeptWhole(output))
      ? { stop: { signal: abortSignal(), stopped: () => stopped(output) } }
      : {}),
  });
  try {
    await (output === undefined ? writeToStandardOutput(pieces) : writeWholeFile(output, pieces));
  } finally {
    progress?.done();
  }
  if (output !== undefined) remark(`${output}: ${sizeText(bytes)} written`);
}

function brokenOff(output: string | undefined, what: string) {
  return (reason: string) =>
    new CommandFailure(`the ${what} broke off: ${reason}`, {
      exitCode: EXIT.undecided,
      next:
        output === undefined
          ? 'what was printed is not whole: run it again'
          : `${output} was not written, and what stood there before is untouched: run it again`,
    });
}

function stopped(output: string): CommandFailure {
  return new CommandFailure(
    `stopped; ${output} was not written, and what stood there before is untouched`,
    { exitCode: EXIT.stopped, next: 'run it again' },
  );
}

async function writeToStandardOutput(pieces: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of pieces) {
    if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
  }
}

function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  const [unit, size] = bytes < 1e6 ? ['kB', bytes / 1e3] : ['MB', bytes / 1e6];
  return `${size.toFixed(size < 10 ? 1 : 0)} ${unit}`;
}
