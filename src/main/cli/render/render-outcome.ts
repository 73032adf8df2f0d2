import type { OneException } from '@lapse/client';
import { safeLine } from '../terminal/output.ts';
import { wrapTo } from '../terminal/text-layout.ts';
import { nextStep, renderNext } from './next-step.ts';
import { endText } from './record-time.ts';
import { statusText } from './status-style.ts';
import { suggestionText } from './suggested-approvers.ts';

/** What a command led to: where the record stands now, until when, and what comes next. */
export function renderOutcome(record: OneException, width: number, now: number): string {
  const closed = record.closed ? `, ${record.closed.reason}` : '';
  const end = endText(record, now);
  const next = nextStep(record);
  return [
    `${record.exception_id}  ${statusText(record.status, `● ${record.status}${closed}`)}`,
    ...indented(safeLine(record.title), width),
    ...(end === undefined || record.status === 'Draft' ? [] : indented(end, width)),
    ...(record.suggested_approvers ?? []).flatMap((suggested) =>
      indented(`${safeLine(suggested.requirement.role)}: ${suggestionText(suggested)}`, width),
    ),
    ...(next === undefined ? [] : [renderNext(next, width)]),
  ].join('\n');
}

function indented(text: string, width: number): string[] {
  return wrapTo(text, width - 2).map((line) => `  ${line}`);
}
