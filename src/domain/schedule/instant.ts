/**
 * Instants are integer epoch milliseconds, always UTC. All calendar arithmetic of the domain is in
 * this folder and uses neither `Date` nor `Temporal`, so that the same evaluator runs in the
 * server, the command line, Node 20 and browsers (DESIGN section 2, "Domain time").
 */
export type Instant = number;

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** 9999-12-31T23:59:59.999Z: the last instant that has a four-digit year. */
const LAST_INSTANT = 253_402_300_799_999;
const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;
const DATE_ONLY = /^(\d{4})-(\d{2})-(\d{2})$/;
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/**
 * Reads an RFC 3339 instant, with any offset, to the millisecond (finer digits are cut off).
 * `undefined` where the text is not one, or names a day, hour or offset that does not exist
 * (a leap second included, since no store can hold it).
 */
export function parseInstant(text: string): Instant | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const day = daysFromText(match);
  const hour = Number(match[4]);
  const minute = Number(match[5]);
  const second = Number(match[6]);
  const offset = offsetMinutes(match[8] ?? 'Z');
  if (day === undefined || offset === undefined) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const millis = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const instant = day * DAY + (hour * 60 + minute - offset) * MINUTE + second * SECOND + millis;
  return instant >= 0 && instant <= LAST_INSTANT ? instant : undefined;
}

/** Reads a calendar date as 00:00 UTC of that day; `undefined` where there is no such day. */
export function parseDate(text: string): Instant | undefined {
  const match = DATE_ONLY.exec(text);
  const day = match ? daysFromText(match) : undefined;
  return day === undefined || day < 0 ? undefined : day * DAY;
}

/** The canonical text of an instant, as every payload and answer holds it: `2026-03-07T00:00:00.000Z`. */
export function formatInstant(instant: Instant): string {
  const { year, month, day } = civilFromDays(Math.floor(instant / DAY));
  const rest = instant - Math.floor(instant / DAY) * DAY;
  const time = [
    Math.floor(rest / HOUR),
    Math.floor(rest / MINUTE) % 60,
    Math.floor(rest / SECOND) % 60,
  ];
  const clock = time.map((part) => pad(part, 2)).join(':');
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${clock}.${pad(rest % SECOND, 3)}Z`;
}

/** Whole days from one instant to a later one: the age of 000 section 5; 0 where `to` lies before. */
export function wholeDays(from: Instant, to: Instant): number {
  return Math.max(0, Math.floor((to - from) / DAY));
}

/** The same time of day so many months later; a day the month lacks becomes its last one. */
export function addMonths(instant: Instant, months: number): Instant {
  const days = Math.floor(instant / DAY);
  const { year, month, day } = civilFromDays(days);
  const total = year * 12 + (month - 1) + months;
  const target = { year: Math.floor(total / 12), month: (total % 12) + 1 };
  const last = daysInMonth(target.year, target.month);
  return (
    daysFromCivil(target.year, target.month, Math.min(day, last)) * DAY + (instant - days * DAY)
  );
}

/** The first of a month, 00:00 UTC: the earliest that does not lie before the instant. */
export function nextMonthStart(instant: Instant): Instant {
  const { year, month } = civilFromDays(Math.floor(instant / DAY));
  const start = daysFromCivil(year, month, 1) * DAY;
  return start === instant ? start : addMonths(start, 1);
}

function daysFromText(match: RegExpExecArray): number | undefined {
  const year = Number(match[1]);
  const month = Number(match[2]);
  const day = Number(match[3]);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  return daysFromCivil(year, month, day);
}

function offsetMinutes(text: string): number | undefined {
  if (text === 'Z' || text === 'z') return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(4, 6));
  if (hours > 23 || minutes > 59) return undefined;
  return (text[0] === '-' ? -1 : 1) * (hours * 60 + minutes);
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function daysFromCivil(year: number, month: number, day: number): number {
  const before = year - 1;
  const leaps = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  const inYear =
    (DAYS_BEFORE_MONTH[month - 1] ?? 0) + (month > 2 && isLeap(year) ? 1 : 0) + day - 1;
  // 719,162 days lie between 0001-01-01 and the epoch.
  return before * 365 + leaps + inYear - 719_162;
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  // A year averages 365.2425 days; the estimate is at most one off.
  let year = 1970 + Math.floor(days / 365.2425);
  if (daysFromCivil(year + 1, 1, 1) <= days) year += 1;
  if (daysFromCivil(year, 1, 1) > days) year -= 1;
  let month = 12;
  while (daysFromCivil(year, month, 1) > days) month -= 1;
  return { year, month, day: days - daysFromCivil(year, month, 1) + 1 };
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
