import { addMonths, DAY, HOUR, type Instant, MINUTE, SECOND } from './instant.ts';

/** An ISO 8601 duration: calendar months are added first, then the exact rest. */
export interface Duration {
  readonly months: number;
  readonly millis: number;
}

const DURATION =
  /^P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,8})S)?)?$/;

/** Reads `P30D`, `P2W`, `P1M`, `PT12H` …; `undefined` where it is not one, or is empty or zero. */
export function parseDuration(text: string): Duration | undefined {
  const match = DURATION.exec(text);
  if (!match) return undefined;
  const [years, months, weeks, days, hours, minutes, seconds] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  const exact =
    ((weeks ?? 0) * 7 + (days ?? 0)) * DAY +
    (hours ?? 0) * HOUR +
    (minutes ?? 0) * MINUTE +
    (seconds ?? 0) * SECOND;
  const calendar = (years ?? 0) * 12 + (months ?? 0);
  return calendar + exact > 0 ? { months: calendar, millis: exact } : undefined;
}

/** The instant that lies a duration after another. */
export function addDuration(from: Instant, duration: Duration): Instant {
  return addMonths(from, duration.months) + duration.millis;
}
