import { expect, test } from 'vitest';
import { daysLeft, endText } from './record-time.ts';

const END = Date.UTC(2026, 2, 7);
const DAY = 86_400_000;
const record = {
  status: 'Active',
  in_force: true,
  overdue: false,
  expires_at: new Date(END).toISOString(),
  ended_at: null,
} as const;

test('what is left is reckoned from the time that is given', () => {
  expect(endText(record, END - 3 * DAY)).toBe('ends in 3 days (2026-03-07 00:00 UTC)');
  expect(daysLeft(record, END - 3 * DAY)).toBe('3 d');
  const overdue = { ...record, status: 'Expired', in_force: false, overdue: true } as const;
  expect(endText(overdue, END + 2 * DAY)).toMatch(/^ended 2 days ago/);
});

test('where no time is known there is no countdown', () => {
  expect(endText(record, Number.NaN)).toBe('ends at 2026-03-07 00:00 UTC');
  expect(daysLeft(record, Number.NaN)).toBe('');
});
