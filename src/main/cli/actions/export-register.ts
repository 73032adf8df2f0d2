import { once } from 'node:events';
import { extname } from 'node:path';
import { CommandFailure, EXIT, usageFailure } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { remark } from '../terminal/output.ts';
import { progressLine } from '../terminal/progress-line.ts';
import { abortSignal } from '../terminal/stop-signal.ts';
import { isKeptWhole, writeWholeFile } from '../terminal/write-output.ts';
import { arrivingPieces } from './arriving-pieces.ts';
import { type FilterOptions, filterQuery } from './list-query.ts';

interface ExportOptions extends FilterOptions {
  readonly format?: string;
  readonly output?: string;
}

const FORMATS = ['csv', 'json', 'jsonl', 'md'];

/** `lapse export`: to standard output, or whole into a file. */
export async function exportRegister(
  search: string | undefined,
  options: ExportOptions,
): Promise<void> {
  const format = formatOf(options);
  const { output } = options;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filterQuery(search, options))) {
    for (const one of [value].flat()) query.append(name, String(one));
  }
  const response = await connect().send(`/v1/exports/register.${format}?${query}`);
  const progress = process.stderr.isTTY ? progressLine() : undefined;
  let bytes = 0;
  progress?.follow((seconds) => `exporting: ${sizeText(bytes)} (${seconds} s)`);
  const pieces = arrivingPieces(response.body, {
    onPiece: ({ length }) => {
      bytes += length;
    },
    brokenOff: brokenOff(output),
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

function formatOf({ format, output }: ExportOptions): string {
  const ending = output === undefined ? '' : extname(output).slice(1).toLowerCase();
  const wanted = format ?? (ending === '' ? 'csv' : ending);
  if (FORMATS.includes(wanted)) return wanted;
  throw usageFailure(
    `there is no export as ${wanted}`,
    `use --format with one of ${FORMATS.join(', ')}; spreadsheets open csv`,
  );
}

function brokenOff(output: string | undefined) {
  return (reason: string) =>
    new CommandFailure(`the export broke off: ${reason}`, {
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
