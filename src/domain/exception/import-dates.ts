import { formatInstant, parseDate, parseInstant } from '../schedule/instant.ts';
import { parseWrittenDate } from '../schedule/written-date.ts';
import { isMapping, type Path, quote, type RawRecord, type Remarks } from './import-remarks.ts';

const PASSES =
  'an RFC 3339 instant such as 2026-03-07T00:00:00Z would pass, or a date such as 2026-03-07, which is read as 00:00 UTC; 7 Mar 2026 would pass as well, and nothing that could be read in two ways';

/**
 * The record with its dates as instants. The API takes RFC 3339 alone; files may hold plain dates,
 * read as 00:00 UTC with a warning (DESIGN section 1). What is neither is refused and left out, so
 * that it is told once.
 */
export function readDates(record: RawRecord, remarks: Remarks): RawRecord {
  let read = readDate(record, 'effective_from', [], remarks);
  read = readDate(read, 'expires_at', [], remarks);
  const plan = read.remediation_plan;
  if (!isMapping(plan) || !Array.isArray(plan.steps)) return read;
  const steps = plan.steps.map((step: unknown, index) =>
    isMapping(step) ? readDate(step, 'due', ['remediation_plan', 'steps', index], remarks) : step,
  );
  return { ...read, remediation_plan: { ...plan, steps } };
}

function readDate(holder: RawRecord, key: string, above: Path, remarks: Remarks): RawRecord {
  if (!Object.hasOwn(holder, key)) return holder;
  const path = [...above, key];
  const value = holder[key];
  const text = typeof value === 'string' ? value.trim() : '';
  if (parseInstant(text) !== undefined) return holder;
  const date = parseDate(text) ?? parseWrittenDate(text);
  if (date !== undefined) {
    remarks.warn(
      path,
      `the date ${text} is read as ${formatInstant(date)} (00:00 UTC)`,
      'plain-date',
    );
    return { ...holder, [key]: formatInstant(date) };
  }
  remarks.refuse(
    path,
    `${quote(value)} is no instant and no day of the calendar; ${PASSES}`,
    'date',
  );
  const { [key]: _, ...rest } = holder;
  return rest;
}
