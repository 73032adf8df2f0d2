import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { type CsvRow, cellStarts, countLineEnds, csvRow } from './csv-row.ts';
import { csvText } from './csv-text.ts';
import { createProblem, type DocumentProblem } from './document-problem.ts';
import { formatBytes } from './limits.ts';

/** What a CSV file may hold. */
export interface CsvOptions {
  /** One character; found in the header when left out. */
  readonly delimiter?: string | undefined;
  /** The whole file, in bytes. Beyond it reading stops. */
  readonly maxFileBytes: number;
  /** One row, in bytes. */
  readonly maxRowBytes: number;
}

/** A row, or one thing that is wrong. After `stop` there is nothing more. */
export type CsvResult =
  | { readonly row: CsvRow }
  | { readonly problem: DocumentProblem; readonly stop?: true };

/** Enough to find the end of the header in. */
const SNIFFED = 64 * 1024;
const DELIMITERS = [',', ';', '\t'];

interface ParsedRow {
  readonly record: string[];
  readonly raw: string;
}

/**
 * Reads the rows of a CSV file (RFC 4180 in UTF-8, with or without a byte order mark) one by one,
 * as they are asked for. Rows without any text are left out. Nothing is thrown for what the file
 * holds; an error of the source itself passes through.
 */
export async function* readCsv(
  source: AsyncIterable<Uint8Array>,
  options: CsvOptions,
): AsyncGenerator<CsvResult, void> {
  const reading = new CsvReading(options);
  const pieces = reading.pieces(source);
  const start = await startOf(pieces);
  const delimiter = options.delimiter ?? findDelimiter(start.join(''));
  const parser = Readable.from(afterStart(start, pieces), { objectMode: false }).compose(
    parse({
      delimiter,
      record_delimiter: ['\r\n', '\n'],
      max_record_size: options.maxRowBytes,
      relax_column_count: true,
      raw: true,
    }),
  ) as AsyncIterable<ParsedRow>;
  let rows = 0;
  try {
    for await (const { record, raw } of parser) {
      yield* reading.told();
      const place = reading.take(raw);
      if (record.every((cell) => cell.trim() === '')) continue;
      rows += 1;
      yield { row: csvRow(record, raw, delimiter, { ...place, row: place.row }) };
    }
  } catch (error) {
    yield* reading.told();
    if (!(error instanceof CsvError)) throw error;
    yield { problem: reading.explain(error, delimiter), stop: true };
    return;
  }
  yield* reading.told();
  if (rows === 0 && !reading.isStopped) {
    yield { problem: createProblem('There is nothing in this file.', { line: 1, column: 1 }) };
  }
}

/** What is known while a file is read: where its rows begin, and what is wrong between them. */
class CsvReading {
  readonly #options: CsvOptions;
  readonly #problems: (DocumentProblem & { stop?: true })[] = [];
  /** The text that the parser has and that belongs to no row yet. */
  #ahead = '';
  #row = 0;
  #line = 1;
  isStopped = false;

  constructor(options: CsvOptions) {
    this.#options = options;
  }

  async *pieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
    for await (const part of csvText(this.#bounded(source))) {
      if ('text' in part) {
        this.#ahead += part.text;
        yield part.text;
      } else {
        this.#problems.push({ ...part.problem, ...(part.stop ? { stop: true } : {}) });
        if (part.stop) {
          this.isStopped = true;
          return;
        }
      }
    }
  }

  /** The place of the row whose text this is, which is the next one. */
  take(raw: string): { row: number; line: number } {
    const place = { row: this.#row + 1, line: this.#line };
    // Of CR LF the parser counts the first half alone.
    const length =
      raw.endsWith('\r') && this.#ahead.charAt(raw.length) === '\n' ? raw.length + 1 : raw.length;
    this.#row += 1;
    this.#line += countLineEnds(this.#ahead.slice(0, length));
    this.#ahead = this.#ahead.slice(length);
    return place;
  }

  *told(): Generator<CsvResult, void> {
    for (const { stop, ...problem } of this.#problems.splice(0))
      yield { problem, ...(stop ? { stop } : {}) };
  }

  explain({ code }: CsvError, delimiter: string): DocumentProblem {
    const place = { row: this.#row + 1, line: this.#line };
    const starts = cellStarts(this.#ahead, delimiter);
    const unclosed = csvRow([], this.#ahead, delimiter, place).positionOf(starts.length - 1);
    const { maxRowBytes } = this.#options;
    if (code === 'CSV_QUOTE_NOT_CLOSED') {
      return createProblem(`The quote " is not closed; nothing from here on was read.`, unclosed);
    }
    if (code === 'CSV_MAX_RECORD_SIZE') {
      const message = `Row ${place.row} is larger than a row may be (${formatBytes(maxRowBytes)}); a quote that is not closed makes one. Nothing from here on was read.`;
      return createProblem(message, { line: place.line, column: 1 });
    }
    const message = `A quote " stands in the middle of a cell of row ${place.row}; put the whole cell into quotes and double those inside of it. Nothing from here on was read.`;
    return createProblem(message, { line: place.line, column: 1 });
  }

  async *#bounded(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    let bytes = 0;
    for await (const piece of source) {
      bytes += piece.byteLength;
      if (bytes > this.#options.maxFileBytes) {
        const size = formatBytes(this.#options.maxFileBytes);
        const message = `The file is larger than a file may be (${size}). Split it; nothing from here on was read.`;
        this.#problems.push({
          ...createProblem(message, { line: this.#line, column: 1 }),
          stop: true,
        });
        this.isStopped = true;
        return;
      }
      yield piece;
    }
  }
}

async function startOf(pieces: AsyncGenerator<string, void>): Promise<string[]> {
  const start: string[] = [];
  for (let length = 0; length < SNIFFED; ) {
    const next = await pieces.next();
    if (next.done) break;
    start.push(next.value);
    length += next.value.length;
    if (next.value.includes('\n')) break;
  }
  return start;
}

async function* afterStart(
  start: readonly string[],
  rest: AsyncGenerator<string, void>,
): AsyncGenerator<string, void> {
  yield* start;
  yield* rest;
}

/** The one that most cells of the header are parted by; a comma where there is none. */
function findDelimiter(start: string): string {
  const counts = DELIMITERS.map((delimiter) => ({
    delimiter,
    count: cellStarts(headerOf(start), delimiter).length,
  }));
  return counts.sort((one, other) => other.count - one.count)[0]?.delimiter ?? ',';
}

function headerOf(start: string): string {
  let isQuoted = false;
  for (let at = 0; at < start.length; at += 1) {
    const char = start.charAt(at);
    if (char === '"') isQuoted = !isQuoted;
    else if (char === '\n' && !isQuoted) return start.slice(0, at);
  }
  return start;
}
