import type { ExceptionRecord } from '@lapse/client';
import { colours } from '../terminal/colours.ts';
import { safeLine } from '../terminal/output.ts';
import { fitTo } from '../terminal/text-layout.ts';
import { nextStep } from './next-step.ts';
import { endText } from './record-time.ts';
import { statusText } from './status-style.ts';

/** What a command led to: where the record stands now, until when, and what comes next. */
export function renderOutcome(record: ExceptionRecord, width: number, now: number): string {
  const closed = record.closed ? `, ${record.closed.reason}` : '';
  const end = endText(record, now);
  const next = nextStep(record);
  return [
    `${record.exception_id}  ${statusText(record.status, `● ${record.status}${closed}`)}`,
    `  ${fitTo(safeLine(record.title), width - 2)}`,
    ...(end === undefined || record.status === 'Draft' ? [] : [`  ${end}`]),
    ...(next === undefined ? [] : [`${colours.cyan('next:')} ${next}`]),
  ].join('\n');
}
