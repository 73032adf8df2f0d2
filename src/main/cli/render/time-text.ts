import { DAY, HOUR, MINUTE } from '../../../domain/schedule/instant.ts';

/** `2026-03-07 00:00 UTC`: to the minute, and always in UTC. */
export function timeText(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`;
}

/** `2026-03-07`: the day in UTC. */
export function dayText(instant: string): string {
  return instant.slice(0, 10);
}

/** `12 days`, `1 day`, `5 hours`, `3 minutes`: whole units, rounded down, of the largest kind that fits. */
export function spanText(millis: number): string {
  const span = Math.abs(millis);
  if (span >= DAY) return counted(Math.floor(span / DAY), 'day');
  if (span >= HOUR) return counted(Math.floor(span / HOUR), 'hour');
  if (span >= MINUTE) return counted(Math.floor(span / MINUTE), 'minute');
  return 'less than a minute';
}

/** `1 entry`, `2 entries`. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  // What needs no separators is not formatted: that takes 10 ms the first time.
  const number = count < 1_000 ? String(count) : count.toLocaleString('en');
  return `${number} ${count === 1 ? singular : plural}`;
}
