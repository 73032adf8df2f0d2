import type { paths } from '@lapse/client';
import { errorColours } from '../terminal/colours.ts';
import { safeLine, safeText } from '../terminal/output.ts';
import { renderTable } from './render-table.ts';

/** What an import answers. */
export type ImportAnswer =
  paths['/v1/imports']['post']['responses'][201]['content']['application/json'];

/** More drafts than this are counted, not listed. */
const LISTED = 30;

/** The drafts that were made, and the records that were there already. */
export function renderImport(answer: ImportAnswer, dryRun: boolean, width: number): string {
  const rows = [
    ...answer.created.map((record) => ({ ...record, state: dryRun ? 'would be made' : 'Draft' })),
    ...answer.unchanged.map((record) => ({ ...record, state: 'unchanged' })),
  ].sort((one, other) => one.line - other.line);
  const table = renderTable(
    rows.slice(0, LISTED),
    [
      ...(dryRun && answer.unchanged.length === 0
        ? []
        : [{ title: 'ID', text: (row: Row) => row.exception_id ?? '' }]),
      { title: 'LINE', text: ({ line }: Row) => String(line) },
      { title: 'RESULT', text: ({ state }: Row) => state },
      { title: 'TITLE', text: ({ title }: Row) => safeLine(title), least: 20 },
    ],
    width,
  );
  const more = rows.length - LISTED;
  return more > 0 ? `${table}\n… and ${more.toLocaleString('en')} more` : table;
}

interface Row {
  readonly exception_id?: string | undefined;
  readonly line: number;
  readonly title: string;
  readonly state: string;
}

/** What was read otherwise than it is written, as compilers say it: `file:line:column: …`. */
export function renderRemarks(file: string, { created, warnings }: ImportAnswer): string[] {
  const notes = created.flatMap(({ notes }) => notes);
  return [...warnings, ...notes]
    .filter((each, index, all) => all.findIndex((other) => isSame(each, other)) === index)
    .sort((one, other) => one.line - other.line || one.column - other.column)
    .map(({ line, column, path, message }) => {
      const place = errorColours.bold(`${file}:${line}:${column}:`);
      return `${place} ${path === '' ? '' : `${safeLine(path)}: `}${safeText(message)}`;
    });
}

type Remark = ImportAnswer['warnings'][number];

function isSame(one: Remark, other: Remark): boolean {
  return one.line === other.line && one.column === other.column && one.message === other.message;
}
