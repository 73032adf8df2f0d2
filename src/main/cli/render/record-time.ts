import type { ExceptionRecord } from '@lapse/client';
import { DAY } from '../../../domain/schedule/instant.ts';
import { spanText, timeText } from './time-text.ts';

type Timed = Pick<ExceptionRecord, 'status' | 'in_force' | 'overdue' | 'expires_at' | 'ended_at'>;

/**
 * When the exception ends or ended, with a countdown: `ends in 12 days (2026-03-07 00:00 UTC)`.
 * `now` is the server's; the countdown is left out where the answer does not name it.
 */
export function endText(record: Timed, now: number): string | undefined {
  const end = record.expires_at;
  if (end === undefined) return undefined;
  const left = Date.parse(end) - now;
  if (record.overdue) {
    const ended = record.ended_at ?? end;
    const since = now - Date.parse(ended);
    return since >= 0
      ? `ended ${spanText(since)} ago (${timeText(ended)}), and is not shown to be over`
      : `ended at ${timeText(ended)}, and is not shown to be over`;
  }
  if (record.in_force && left > 0) return `ends in ${spanText(left)} (${timeText(end)})`;
  if (record.in_force) return `ends at ${timeText(end)}`;
  if (record.status === 'Closed' || record.status === 'Archived') return undefined;
  return `until ${timeText(end)}`;
}

/** Whole days that are left of an exception in force, for a table. */
export function daysLeft({ in_force, expires_at }: Timed, now: number): string {
  if (!in_force || expires_at === undefined) return '';
  const days = Math.floor((Date.parse(expires_at) - now) / DAY);
  return days >= 0 ? `${days} d` : '';
}
