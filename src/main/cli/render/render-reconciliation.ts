import type { FindingList, ReconciliationList, ReconciliationReport } from '@lapse/client';
import { colours } from '../terminal/colours.ts';
import { safeLine } from '../terminal/output.ts';
import { renderTable } from './render-table.ts';
import { counted, dayText, timeText } from './time-text.ts';

type Finding = FindingList['items'][number];
type Run = ReconciliationList['items'][number];
type Scope = ReconciliationReport['scopes'][number];

/** Findings, the oldest first. */
export function renderFindings(items: readonly Finding[], width: number): string {
  return renderTable(
    items,
    [
      { title: 'ID', text: ({ finding_id }) => finding_id },
      { title: 'KIND', text: ({ kind }) => kind, style: kindStyle },
      {
        title: 'STATE',
        text: ({ state, answer }) => (answer && state === 'answered' ? answer.kind : state),
        dispensable: 1,
      },
      { title: 'DUE', text: ({ due_at }) => dayText(due_at), dispensable: 2 },
      { title: 'OWNER', text: ({ owner }) => safeLine(owner), least: 8, dispensable: 3 },
      {
        title: 'WHAT',
        text: ({ grant }) => safeLine(`${grant.kind} ${shortTarget(grant.target)}`),
        least: 18,
      },
      { title: 'DETAILS', text: ({ details }) => safeLine(details.join('; ')), dispensable: 4 },
    ],
    width,
  );
}

/** What tells it apart stands at the end of a path. */
function shortTarget(target: string): string {
  const parts = target.split('/');
  return parts.length > 4 ? `…/${parts.slice(-2).join('/')}` : target;
}

function kindStyle(text: string): string {
  return text.startsWith('overdue') ? colours.red(text) : text;
}

/** Reports, newest first. */
export function renderReports(items: readonly Run[], width: number): string {
  return renderTable(
    items,
    [
      { title: 'ID', text: ({ reconciliation_id }) => reconciliation_id },
      { title: 'BEGAN', text: ({ started_at }) => timeText(started_at) },
      { title: 'CAUSE', text: ({ cause }) => cause, dispensable: 2 },
      {
        title: 'STATE',
        text: ({ state, complete }) => (complete === false ? 'incomplete' : state),
        style: (text) => (text === 'incomplete' ? colours.yellow(text) : text),
      },
      { title: 'CHECKED', text: ({ checked }) => checked.toLocaleString('en'), dispensable: 1 },
      { title: 'NEW', text: ({ findings }) => String(findings.new) },
      { title: 'OPEN', text: ({ findings }) => String(findings.open), dispensable: 3 },
      { title: 'SOLVED', text: ({ findings }) => String(findings.solved), dispensable: 4 },
    ],
    width,
  );
}

/** One report: what was read, and what was found there. */
export function renderReport(report: ReconciliationReport, width: number): string {
  const { findings, checked, removals, kinds } = report;
  const lines = [
    renderTable(
      report.scopes,
      [
        { title: 'CONNECTION', text: ({ connection }) => connection, least: 10 },
        { title: 'SCOPE', text: ({ scope }) => safeLine(scope), least: 16 },
        { title: 'STATE', text: ({ state }) => state, style: stateStyle },
        { title: 'CHECKED', text: ({ checked: own }) => own.toLocaleString('en'), dispensable: 1 },
        { title: 'NEW', text: ({ findings: own }: Scope) => String(own.new) },
        { title: 'OPEN', text: ({ findings: own }: Scope) => String(own.open) },
        { title: 'SOLVED', text: ({ findings: own }: Scope) => String(own.solved), dispensable: 2 },
      ],
      width,
    ),
    '',
    `${counted(checked, 'grant')} checked: ${findings.new} new, ${findings.open} still open, ${findings.solved} solved`,
    ...kinds.map(({ kind, new: fresh, open }) => `  ${kind}: ${fresh} new, ${open} still open`),
  ];
  if (removals.share !== null) {
    const share = `${(removals.share * 100).toFixed(1)} %`;
    const text = `${removals.failed} of ${counted(removals.ended, 'removal')} by Lapse failed (${share}; usual: < ${removals.most * 100} %)`;
    lines.push(removals.share > removals.most ? colours.yellow(text) : text);
  }
  return lines.join('\n');
}

function stateStyle(text: string): string {
  return text === 'incomplete' ? colours.yellow(text) : text;
}
