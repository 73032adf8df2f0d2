import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDuration, parseDuration } from './duration.ts';
import { addMonths, DAY, formatInstant, parseDate, parseInstant, wholeDays } from './instant.ts';

const anyInstant = fc.integer({ min: 0, max: 253_402_300_799_999 });

describe('instants', () => {
  it('agree with the platform calendar on every instant', () => {
    fc.assert(
      fc.property(anyInstant, (instant) => {
        expect(formatInstant(instant)).toBe(new Date(instant).toISOString());
        expect(parseInstant(formatInstant(instant))).toBe(instant);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['2026-03-07T01:00:00+01:00', '2026-03-07T00:00:00.000Z'],
    ['2026-03-07t00:00:00z', '2026-03-07T00:00:00.000Z'],
    ['2024-02-29T23:59:59.9999Z', '2024-02-29T23:59:59.999Z'],
  ])('read %s', (text, expected) => {
    expect(formatInstant(parseInstant(text) ?? -1)).toBe(expected);
  });

  it.each([
    '9999-12',
    '2025-02-30',
    '2025-02-30T00:00:00Z',
    '31/12/2025',
    '2025-13-01T00:00:00Z',
    '2025-01-01T24:00:00Z',
    '2025-06-30T23:59:60Z',
    '2025-01-01T00:00:00',
    '2025-01-01T00:00:00+24:00',
    '1969-12-31T23:59:59Z',
    '9999-12-31T23:59:59-01:00',
    '2025-01-01 00:00:00Z',
    '',
  ])('refuse %s', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  it('read dates as midnight UTC', () => {
    expect(parseDate('2026-03-07')).toBe(Date.UTC(2026, 2, 7));
    expect(parseDate('2025-02-29')).toBeUndefined();
    expect(parseDate('2026-3-7')).toBeUndefined();
  });
});

describe('arithmetic', () => {
  it('ends months on their last day', () => {
    const january = Date.UTC(2024, 0, 31, 12);
    expect(formatInstant(addMonths(january, 1))).toBe('2024-02-29T12:00:00.000Z');
    expect(formatInstant(addMonths(january, 12))).toBe('2025-01-31T12:00:00.000Z');
  });

  it('counts whole days only', () => {
    expect(wholeDays(0, DAY - 1)).toBe(0);
    expect(wholeDays(0, 3 * DAY)).toBe(3);
    expect(wholeDays(DAY, 0)).toBe(0);
  });

  it.each([
    ['P30D', 30 * DAY],
    ['P2W', 14 * DAY],
    ['PT12H', DAY / 2],
    ['P1DT1H1M1S', DAY + 3_661_000],
    ['P1M', 31 * DAY],
  ])('adds %s', (text, millis) => {
    const duration = parseDuration(text);
    expect(duration && addDuration(0, duration)).toBe(millis);
  });

  it.each(['P', 'PT', 'P0D', '30D', 'P1.5D', 'P-1D', 'P1H', 'PT1D', '', 'p30d'])(
    'refuses %s',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});
