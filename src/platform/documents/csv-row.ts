import type { Position } from './document-problem.ts';

/** One record of a CSV file with its place. */
export interface CsvRow {
  readonly cells: readonly string[];
  /** 1-based among the records of the file, the header being the first: what spreadsheets call a row. */
  readonly row: number;
  /** The line on which it begins; cells may hold line ends, so that lines and rows differ. */
  readonly line: number;
  /** Where a cell begins; beyond the last cell, where the row ends. */
  positionOf(cell: number): Position;
}

/** A row out of its text as it stands in the file. */
export function csvRow(
  cells: readonly string[],
  text: string,
  delimiter: string,
  { row, line }: { readonly row: number; readonly line: number },
): CsvRow {
  return {
    cells,
    row,
    line,
    positionOf(cell) {
      // Only what is wrong is ever asked for its place, so that no row pays for it beforehand.
      const before = text.slice(0, cellStarts(text, delimiter)[cell] ?? text.trimEnd().length);
      const lineStart = before.lastIndexOf('\n') + 1;
      const column = before.length - lineStart + 1;
      return { line: line + countLineEnds(before), column };
    },
  };
}

/** Where each cell begins in the text of a row; a quote that is not closed takes all that follows. */
export function cellStarts(text: string, delimiter: string): number[] {
  const starts = [0];
  for (let at = 0; ; ) {
    if (text.charAt(at) === '"') at = afterQuoted(text, at);
    const next = text.indexOf(delimiter, at);
    if (next === -1) return starts;
    at = next + delimiter.length;
    starts.push(at);
  }
}

function afterQuoted(text: string, open: number): number {
  for (let at = open + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return text.length;
    if (text.charAt(quote + 1) !== '"') return quote + 1;
    at = quote + 2;
  }
}

export function countLineEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
