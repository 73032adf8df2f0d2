import type { paths } from '@lapse/client';
import { colours } from '../terminal/colours.ts';
import { safeLine, safeText } from '../terminal/output.ts';
import { wrapTo } from '../terminal/text-layout.ts';
import { renderTable } from './render-table.ts';
import { counted, dayText } from './time-text.ts';

type Answer = paths['/v1/imports']['post']['responses'][200]['content']['application/json'];
/** What a preview answers. */
export type ImportPreview = Extract<Answer, { records: unknown }>;

type Record = ImportPreview['records'][number];
type Remark = ImportPreview['problems'][number];

/** Records, notes and problems beyond this are counted, not listed; `--json` has more. */
const LISTED = 50;

/** What the records of a file would become, what is set aside on the way, and what is wrong. */
export function renderPreview(file: string, preview: ImportPreview, width: number): string {
  const { records, problems, counts } = preview;
  const notes = [...preview.warnings, ...records.flatMap((record) => record.notes)].toSorted(
    (one, other) => one.line - other.line || one.column - other.column,
  );
  const found = counts.created + counts.unchanged;
  return [
    colours.bold(safeLine(file)),
    ...(records.length > 0 ? [renderTable(records.slice(0, LISTED), COLUMNS, width)] : []),
    ...more(found - Math.min(records.length, LISTED), 'records'),
    ...section('Read otherwise than it is written', notes, notes.length, width),
    ...section(colours.red('Problems'), problems, counts.problems, width),
    '',
    `${counted(counts.created, 'draft')} would be made, ${counts.unchanged.toLocaleString('en')} imported before, ${counted(counts.problems, 'problem')}; nothing was stored`,
  ].join('\n');
}

const COLUMNS = [
  { title: 'LINE', text: ({ line }: Record) => String(line) },
  {
    title: 'RESULT',
    text: ({ result }: Record) => (result === 'created' ? 'draft' : 'unchanged'),
  },
  { title: 'ID', text: ({ exception_id }: Record) => exception_id ?? 'new', dispensable: 4 },
  { title: 'ENDS', text: ({ fields }: Record) => endOf(fields), dispensable: 1 },
  { title: 'ENV', text: ({ fields }: Record) => fields.environment ?? '', dispensable: 2 },
  { title: 'CONTROL', text: ({ fields }: Record) => fields.control ?? '', dispensable: 3 },
  { title: 'CLAIMS', text: ({ claims }: Record) => claimsOf(claims), dispensable: 5 },
  { title: 'OWNER', text: ({ fields }: Record) => ownerOf(fields), least: 10, dispensable: 6 },
  { title: 'TITLE', text: ({ title }: Record) => safeLine(title), least: 20 },
];

function endOf({ expires_at, requested_duration }: Record['fields']): string {
  return expires_at ? dayText(expires_at) : (requested_duration ?? 'by policy');
}

function claimsOf(claims: Record['claims']): string {
  if (!claims) return '';
  const approvals = claims.approvals.length > 0 ? counted(claims.approvals.length, 'approval') : '';
  return [claims.status && safeLine(claims.status), approvals].filter(Boolean).join(', ');
}

function ownerOf({ owners = [], requestor }: Record['fields']): string {
  const [first, ...others] = owners.length > 0 ? owners : requestor ? [requestor] : [];
  if (!first) return '';
  return safeLine(first.name) + (others.length > 0 ? ` +${others.length}` : '');
}

function section(title: string, remarks: readonly Remark[], all: number, width: number): string[] {
  if (remarks.length === 0) return [];
  const lines = remarks.slice(0, LISTED).flatMap(({ line, column, path, message }) => {
    const text = `${line}:${column} ${path === '' ? '' : `${safeLine(path)}: `}${safeText(message)}`;
    const [first = '', ...rest] = wrapTo(text, width - 4);
    return [`  ${first}`, ...rest.map((each) => `    ${each}`)];
  });
  return ['', title, ...lines, ...more(all - Math.min(remarks.length, LISTED), 'more')];
}

function more(count: number, what: string): string[] {
  if (count <= 0) return [];
  return [`  … and ${count.toLocaleString('en')} ${what === 'more' ? 'more' : `more ${what}`}`];
}
