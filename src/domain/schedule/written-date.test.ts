import { describe, expect, it } from 'vitest';
import { formatInstant } from './instant.ts';
import { parseWrittenDate } from './written-date.ts';

describe('a date as people write it', () => {
  it.each([
    '2026/03/07',
    '2026.3.7',
    '7 Mar 2026',
    '07-Mar-2026',
    '7. March 2026',
    '7 march, 2026',
    'Mar 7, 2026',
    'March 7 2026',
  ])('%s is the seventh of March', (text) => {
    expect(formatInstant(parseWrittenDate(text) ?? 0)).toBe('2026-03-07T00:00:00.000Z');
  });

  it.each([
    '03/07/2026',
    '07.03.2026',
    '7-3-2026',
    '31/12/2025',
    '7 Mar 26',
    '30 Feb 2026',
    '7 Mrz 2026',
    'ma 7 2026',
    '2026/13/01',
    'tomorrow',
    '45000',
    '',
  ])('%s is none, since it could be another day or is no day', (text) => {
    expect(parseWrittenDate(text)).toBeUndefined();
  });
});
