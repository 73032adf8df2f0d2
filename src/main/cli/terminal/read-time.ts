import { parseDuration } from '../../../domain/schedule/duration.ts';
import { formatInstant, parseDate, parseInstant } from '../../../domain/schedule/instant.ts';
import { usageFailure } from './command-failure.ts';

/** An instant as the API takes it; a date means 00:00 UTC of that day. */
export function readInstant(text: string, what: string): string {
  const instant = findInstant(text);
  if (instant !== undefined) return formatInstant(instant);
  throw usageFailure(
    `${what} is not a date or an instant: ${text}`,
    'write 2026-03-07 (00:00 UTC) or 2026-03-07T12:00:00Z',
  );
}

function findInstant(text: string): number | undefined {
  return parseDate(text.trim()) ?? parseInstant(text.trim());
}

/** An end as the API takes it: a date or an instant, or a duration, which the server counts. */
export function readEnd(
  text: string,
  what: string,
): { readonly at: string } | { readonly requested_duration: string } {
  if (parseDuration(text.trim())) return { requested_duration: text.trim() };
  const instant = findInstant(text);
  if (instant !== undefined) return { at: formatInstant(instant) };
  throw usageFailure(
    `${what} is not a date, an instant or a duration: ${text}`,
    'write 2026-03-07 (00:00 UTC), 2026-03-07T12:00:00Z or P90D',
  );
}

/** An ISO 8601 duration. */
export function readDuration(text: string, what: string): string {
  if (parseDuration(text.trim())) return text.trim();
  throw usageFailure(`${what} is not a duration: ${text}`, 'write P30D, P2W or PT12H');
}

/** A date as an instant, and whatever else was given as it is: the server checks it. */
export function dateAsInstant(value: unknown): unknown {
  const date = typeof value === 'string' ? parseDate(value.trim()) : undefined;
  return date === undefined ? value : formatInstant(date);
}
