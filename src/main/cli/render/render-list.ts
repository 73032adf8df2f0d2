import type { ExceptionRecord } from '@lapse/client';
import { colours } from '../terminal/colours.ts';
import { safeLine } from '../terminal/output.ts';
import { daysLeft } from './record-time.ts';
import { type Column, renderTable } from './render-table.ts';
import { severityText, statusText } from './status-style.ts';
import { dayText } from './time-text.ts';

/** What of a record the table shows. */
export type ListedRecord = Pick<
  ExceptionRecord,
  | 'exception_id'
  | 'status'
  | 'expires_at'
  | 'ended_at'
  | 'in_force'
  | 'overdue'
  | 'severity'
  | 'environment'
  | 'category'
  | 'control'
  | 'owners'
  | 'requestor'
  | 'title'
>;

/** As much of a record as the table shows: a register is large. */
export function listed(record: ExceptionRecord): ListedRecord {
  const { exception_id, status, expires_at, ended_at, in_force, overdue, severity } = record;
  const { environment, category, control, owners, requestor, title } = record;
  const times = { expires_at, ended_at, in_force, overdue };
  return {
    exception_id,
    status,
    ...times,
    severity,
    environment,
    category,
    control,
    owners,
    requestor,
    title,
  };
}

/** The register as a table. */
export function renderList(records: readonly ListedRecord[], width: number, now: number): string {
  return renderTable(records, columnsAt(now), width);
}

function columnsAt(now: number): Column<ListedRecord>[] {
  return [
    { title: 'ID', text: (record) => record.exception_id },
    {
      title: 'STATUS',
      text: (record) => record.status,
      style: (text, { status }) => statusText(status, text),
    },
    {
      title: 'ENDS',
      text: ({ expires_at }) => (expires_at ? dayText(expires_at) : ''),
      style: (text, { overdue }) => (overdue ? colours.red(text) : text),
    },
    { title: 'LEFT', text: (record) => daysLeft(record, now), dispensable: 3 },
    {
      title: 'RISK',
      text: (record) => record.severity ?? '',
      style: (_, { severity }) => severityText(severity),
      dispensable: 1,
    },
    { title: 'ENV', text: (record) => record.environment ?? '', dispensable: 2 },
    { title: 'CATEGORY', text: (record) => record.category ?? '', dispensable: 5 },
    { title: 'CONTROL', text: (record) => record.control ?? '', dispensable: 6 },
    { title: 'OWNER', text: ownerOf, least: 10, dispensable: 4 },
    { title: 'TITLE', text: (record) => safeLine(record.title), least: 20 },
  ];
}

function ownerOf({ owners, requestor }: ListedRecord): string {
  const [first, ...others] = owners ?? (requestor ? [requestor] : []);
  if (!first) return '';
  const more = others.length > 0 ? ` +${others.length}` : '';
  return safeLine(first.name) + more;
}
