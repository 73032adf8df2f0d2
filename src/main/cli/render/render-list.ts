import type { ExceptionSummary } from '@lapse/client';
import { colours } from '../terminal/colours.ts';
import { safeLine } from '../terminal/output.ts';
import { daysLeft } from './record-time.ts';
import { type Column, renderTable } from './render-table.ts';
import { severityText, statusText } from './status-style.ts';
import { dayText } from './time-text.ts';

/** The register as a table. */
export function renderList(
  records: readonly ExceptionSummary[],
  width: number,
  now: number,
): string {
  return renderTable(records, columnsAt(now), width);
}

function columnsAt(now: number): Column<ExceptionSummary>[] {
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

function ownerOf({ owners, requestor }: ExceptionSummary): string {
  const [first, ...others] = owners ?? (requestor ? [requestor] : []);
  if (!first) return '';
  const more = others.length > 0 ? ` +${others.length}` : '';
  return safeLine(first.name) + more;
}
