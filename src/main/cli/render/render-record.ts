import type { ExceptionRecord, OneException } from '@lapse/client';
import { colours } from '../terminal/colours.ts';
import { safeLine, safeText } from '../terminal/output.ts';
import { wrapTo } from '../terminal/text-layout.ts';
import type { Grant } from './grant-status.ts';
import { nextStep, renderNext } from './next-step.ts';
import { accessSection } from './record-access.ts';
import { approvalSections } from './record-approvals.ts';
import { missingSection } from './record-missing.ts';
import { claimsSection, closingSection, violationsSection } from './record-outcome.ts';
import { controlsSection, remediationSection, requestSections } from './record-sections.ts';
import { endText } from './record-time.ts';
import { severityText, statusText } from './status-style.ts';
import { timeText } from './time-text.ts';

/**
 * A record for people: where it stands first, then what was asked for, and who decided. `grants` is
 * `undefined` where whoever asks may not know where they stand.
 */
export function renderRecord(
  record: OneException,
  {
    comments,
    grants,
  }: { readonly comments: string; readonly grants: readonly Grant[] | undefined },
  width: number,
  now: number,
): string {
  const sections = [
    headline(record, width, now),
    ...approvalSections(record, width),
    accessSection(record, grants, { width, now }),
    ...requestSections(record, width),
    controlsSection(record, width),
    remediationSection(record, width),
    violationsSection(record, width),
    closingSection(record, width),
    claimsSection(record, width),
    missingSection(record, width),
    comments,
    footer(record, width),
  ];
  return sections.filter((section) => section !== '').join('\n');
}

function headline(record: ExceptionRecord, width: number, now: number): string {
  const title = wrapTo(safeText(record.title), width).map((line) => colours.bold(line));
  const force = record.in_force ? ', in force' : '';
  const parts = [
    statusText(record.status, `● ${record.status}${force}`),
    record.severity
      ? `${severityText(record.severity)} risk${record.risk_score ? ` (${record.risk_score} of 9)` : ''}`
      : '',
  ].filter((part) => part !== '');
  const emergency = record.break_glass
    ? wrapTo(`BREAK-GLASS: ${safeLine(record.break_glass.reason)}`, width)
    : [];
  const end = closedText(record) ?? endText(record, now);
  return [
    ...title,
    ...emergency.map((line) => colours.bold(colours.red(line))),
    `${colours.dim(record.exception_id)}  ${parts.join('  ')}`,
    ...(end === undefined
      ? []
      : wrapTo(end, width).map((line) => (record.overdue ? colours.red(line) : line))),
    '',
  ].join('\n');
}

function closedText({ closed }: ExceptionRecord): string | undefined {
  return closed ? `${closed.reason} at ${timeText(closed.at)}` : undefined;
}

function footer(record: ExceptionRecord, width: number): string {
  const next = nextStep(record);
  return [
    ...(next === undefined ? [] : [renderNext(next, width)]),
    colours.dim(`history: lapse history ${record.exception_id}   revision ${record.revision}`),
  ].join('\n');
}
