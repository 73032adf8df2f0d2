import { type Instant, parseDate } from './instant.ts';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const NAMES = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const YEAR_FIRST = /^(\d{4})[/.](\d{1,2})[/.](\d{1,2})$/;
const DAY_FIRST = /^(\d{1,2})(?:\.?\s+|-)([A-Za-z]{3,9})\.?(?:,?\s+|-)(\d{4})$/;
const MONTH_FIRST = /^([A-Za-z]{3,9})\.?\s+(\d{1,2}),?\s+(\d{4})$/;

/**
 * Reads a date as people write it, as 00:00 UTC of that day: `7 Mar 2026`, `07-Mar-2026`, `March 7,
 * 2026`, `2026/03/07`. Only where it cannot be read in two ways: `03/07/2026` is no date here.
 */
export function parseWrittenDate(text: string): Instant | undefined {
  const yearFirst = YEAR_FIRST.exec(text);
  if (yearFirst) return dateOf(yearFirst[1], Number(yearFirst[2]), yearFirst[3]);
  const dayFirst = DAY_FIRST.exec(text);
  if (dayFirst) return dateOf(dayFirst[3], monthOf(dayFirst[2]), dayFirst[1]);
  const monthFirst = MONTH_FIRST.exec(text);
  if (monthFirst) return dateOf(monthFirst[3], monthOf(monthFirst[1]), monthFirst[2]);
  return undefined;
}

function monthOf(name = ''): number {
  const lower = name.toLowerCase();
  const whole = NAMES.indexOf(lower);
  return (whole >= 0 ? whole : MONTHS.indexOf(lower === 'sept' ? 'sep' : lower)) + 1;
}

function dateOf(year = '', month = 0, day = ''): Instant | undefined {
  return parseDate(`${year}-${String(month).padStart(2, '0')}-${day.padStart(2, '0')}`);
}
