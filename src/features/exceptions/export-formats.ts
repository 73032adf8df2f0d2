import { guardFormula } from '../../domain/exception/formula-guard.ts';
import { writeCell } from '../../domain/exception/record-cells.ts';
import { RECORD_COLUMNS, REGISTER_COLUMNS } from '../../domain/exception/record-columns.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import { csvRecord } from '../../platform/documents/write-csv.ts';
import type { ExceptionAnswer } from './exception-schemas.ts';
import { markdownDocument } from './export-markdown.ts';
import type { RegisterSnapshot } from './register-export.ts';

/** A form that the register leaves in. */
export interface ExportFormat {
  readonly mediaType: string;
  /** What it is, for the API's reference. */
  readonly about: string;
  /** The whole document, piece by piece. */
  write(register: RegisterSnapshot): AsyncGenerator<string, void>;
}

/** Every form, by the ending of the file. */
export const EXPORT_FORMATS = {
  csv: {
    mediaType: 'text/csv; charset=utf-8; header=present',
    about: 'a table as RFC 4180 has it, which no spreadsheet takes for formulas',
    async *write(register) {
      yield csvRecord(RECORD_COLUMNS.map(({ name }) => name));
      for await (const records of register.records()) yield records.map(csvRow).join('');
    },
  },
  json: {
    mediaType: 'application/json; charset=utf-8',
    about: 'one document with the records in `items`',
    async *write(register) {
      const { tenantId, now } = register;
      yield `{"exported_at":"${formatInstant(now)}","tenant_org":"${tenantId}","items":[`;
      let total = 0;
      for await (const records of register.records()) {
        yield `${total > 0 ? ',' : ''}\n${records.map(jsonLine).join(',\n')}`;
        total += records.length;
      }
      yield `\n],"total":${total}}\n`;
    },
  },
  jsonl: {
    mediaType: 'application/x-ndjson; charset=utf-8',
    about: 'one record a line, as JSON',
    async *write(register) {
      for await (const records of register.records())
        yield records.map((record) => `${jsonLine(record)}\n`).join('');
    },
  },
  md: {
    mediaType: 'text/markdown; charset=utf-8',
    about: 'for reading: a table of all records, then a section for each',
    write: markdownDocument,
  },
} as const satisfies Record<string, ExportFormat>;

const ALWAYS_LISTS = new Set(['approvals', ...REGISTER_COLUMNS.map(({ name }) => name)]);

function csvRow(record: ExceptionAnswer): string {
  const values: Readonly<Record<string, unknown>> = record;
  return csvRecord(
    RECORD_COLUMNS.map((column) => {
      const value = values[column.name];
      // What a register always has a list of, empty or not, is easier to read without brackets.
      const isBare = Array.isArray(value) && value.length === 0 && ALWAYS_LISTS.has(column.name);
      return isBare ? '' : guardFormula(writeCell(value, column));
    }),
  );
}

/** A byte order mark inside a text is no mark, and no reader of files would let it pass as it is. */
function jsonLine(record: ExceptionAnswer): string {
  return JSON.stringify(record).replaceAll('\uFEFF', '\\ufeff');
}
