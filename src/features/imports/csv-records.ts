import { unguardFormula } from '../../domain/exception/formula-guard.ts';
import { type ImportColumn, nameOf, readColumns } from '../../domain/exception/import-columns.ts';
import type { ImportContext } from '../../domain/exception/import-record.ts';
import type { Path, PlaceRemark } from '../../domain/exception/import-remarks.ts';
import { readCell } from '../../domain/exception/record-cells.ts';
import { REGISTER_COLUMNS } from '../../domain/exception/record-columns.ts';
import type { CsvRow } from '../../platform/documents/csv-row.ts';
import type { DocumentProblem } from '../../platform/documents/document-problem.ts';
import { DEFAULT_LIMITS } from '../../platform/documents/limits.ts';
import { readCsv } from '../../platform/documents/read-csv.ts';
import type { FileForm } from './file-form.ts';
import { MAX_FILE_BYTES, MAX_RECORD_BYTES, type PlacedRemark } from './import-schemas.ts';
import { type FilePart, readRecord } from './record-part.ts';

type Columns = readonly (ImportColumn | undefined)[];

/** Reads the rows of a CSV file as records, with the row and the column of everything that is wrong. */
export async function* readCsvRecords(
  bytes: AsyncIterable<Uint8Array>,
  { delimiter, columns: map }: FileForm,
  context: ImportContext,
): AsyncGenerator<FilePart, void> {
  const limits = { delimiter, maxFileBytes: MAX_FILE_BYTES, maxRowBytes: MAX_RECORD_BYTES };
  const told = new ProblemCount();
  let header: { readonly row: CsvRow; readonly columns: Columns } | undefined;
  let records = 0;
  for await (const result of readCsv(bytes, limits)) {
    if ('problem' in result) {
      yield* told.tell([ofFile(result.problem)]);
      if (result.stop) return;
    } else if (!header) {
      const { columns, problems } = readColumns(result.row.cells, map);
      const { row } = result;
      yield* told.tell(problems.map(({ column, message }) => at(row, column, '', message)));
      if (problems.length > 0) return;
      header = { row, columns };
    } else {
      records += 1;
      const part =
        records > DEFAULT_LIMITS.maxRecords
          ? { problems: [at(result.row, 0, '', TOO_MANY)] }
          : readRow(result.row, header.row, header.columns, context);
      if ('record' in part) yield part;
      else yield* told.tell(part.problems);
      if (records > DEFAULT_LIMITS.maxRecords) return;
    }
    if (told.isFull) return;
  }
  if (header && records === 0) {
    yield { problems: [at(header.row, 0, '', 'there is a header and no record below it')] };
  }
}

const TOO_MANY = `the file holds more than ${DEFAULT_LIMITS.maxRecords.toLocaleString('en')} records; split it`;

/** Ends the reading of a file that has more problems than anybody reads. */
class ProblemCount {
  #count = 0;

  get isFull(): boolean {
    return this.#count >= DEFAULT_LIMITS.maxProblems;
  }

  *tell(problems: readonly PlacedRemark[]): Generator<FilePart, void> {
    if (problems.length === 0) return;
    this.#count += problems.length;
    yield { problems };
    const last = problems.at(-1);
    if (!this.isFull || !last) return;
    const message = 'mend the problems up to here first; nothing from here on was read';
    yield { problems: [{ ...last, path: '', message }] };
  }
}

function readRow(row: CsvRow, header: CsvRow, columns: Columns, context: ImportContext): FilePart {
  if (row.cells.length !== columns.length) {
    const message = `row ${row.row} has ${count(row.cells.length)} where the header has ${columns.length}; text with a delimiter, a quote or a line end in it stands in quotes`;
    return { problems: [at(row, Math.min(row.cells.length, columns.length), '', message)] };
  }
  const value: Record<string, unknown> = {};
  const problems: PlaceRemark[] = [];
  for (const [index, cell] of row.cells.entries()) {
    if (cell.trim() === '') continue;
    const column = columns[index];
    if (column) problems.push(...setCell(value, column, unguardFormula(cell)));
    else if (header.cells[index]?.trim() === '') {
      const message = `row ${row.row} has a value in column ${index + 1}, which has no name; name the column, or leave it out`;
      return { problems: [at(row, index, '', message)] };
    }
  }
  const place = ({ path, message }: PlaceRemark) => {
    const index = columnOf(path, columns);
    const name = header.cells[index]?.trim();
    const where = `(row ${row.row}${path.length > 0 && name ? `, column ${JSON.stringify(name)}` : ''})`;
    return at(row, path.length > 0 ? index : 0, path.join('.'), `${message} ${where}`);
  };
  return readRecord({ value, line: row.line, place, problems, warnings: [] }, context);
}

const OF_REGISTER = new Set(REGISTER_COLUMNS.map(({ name }) => name));

function setCell(
  value: Record<string, unknown>,
  column: ImportColumn,
  text: string,
): PlaceRemark[] {
  const { field, part, kind } = column;
  const reading = readCell(text, kind);
  // What a register says of itself is set aside whatever it is.
  const read = 'problem' in reading && OF_REGISTER.has(field) ? { value: text } : reading;
  if ('problem' in read) return [{ path: [field], message: read.problem }];
  if (part === undefined) value[field] = read.value;
  else if (typeof value[field] === 'object') {
    value[field] = { ...(value[field] as object), [part]: read.value };
  } else if (value[field] === undefined) value[field] = { [part]: read.value };
  return [];
}

/** The column that a place in the record came from: the part where there is one, else the field. */
function columnOf([field, part]: Path, columns: Columns): number {
  const exact = columns.findIndex((column) => column && nameOf(column) === `${field}.${part}`);
  if (exact >= 0) return exact;
  return Math.max(
    0,
    columns.findIndex((column) => column?.field === field),
  );
}

function at(row: CsvRow, column: number, path: string, message: string): PlacedRemark {
  return { path: path.slice(0, 200), message, ...row.positionOf(column) };
}

function ofFile({ message, position }: DocumentProblem): PlacedRemark {
  return { path: '', message, line: position.line, column: position.column };
}

function count(cells: number): string {
  return cells === 1 ? '1 cell' : `${cells.toLocaleString('en')} cells`;
}
