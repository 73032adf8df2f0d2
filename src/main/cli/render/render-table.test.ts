import { expect, test } from 'vitest';
import { displayWidth } from '../terminal/text-layout.ts';
import { daysLeft, endText } from './record-time.ts';
import { type Column, renderTable } from './render-table.ts';
import { counted, spanText, timeText } from './time-text.ts';

interface Row {
  readonly id: string;
  readonly owner: string;
  readonly title: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'ID', text: ({ id }) => id },
  { title: 'OWNER', text: ({ owner }) => owner, dispensable: 1 },
  { title: 'TITLE', text: ({ title }) => title, least: 10 },
];
const ROWS: readonly Row[] = [
  { id: 'EXC_1', owner: 'A. Rivera', title: 'A title that is rather long for a narrow terminal' },
  { id: 'EXC_22', owner: '', title: '漢字の題名' },
];

test.each([20, 30, 40, 80, 200])('no line is wider than %i columns', (width) => {
  const lines = renderTable(ROWS, COLUMNS, width).split('\n');
  expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(width);
  expect(lines).toHaveLength(3);
  expect(lines[1]).toContain('EXC_1');
});

test('dispensable columns go first, and those that are empty', () => {
  expect(renderTable(ROWS, COLUMNS, 22)).not.toContain('OWNER');
  expect(renderTable(ROWS, COLUMNS, 80)).toContain('OWNER');
  expect(renderTable(ROWS.slice(1), COLUMNS, 80)).not.toContain('OWNER');
});

const NOW = Date.parse('2026-02-22T12:00:00Z');
const record = {
  status: 'Active',
  in_force: true,
  overdue: false,
  expires_at: '2026-03-07T00:00:00.000Z',
  ended_at: null,
} as const;

test('times are in UTC, with a countdown that never contradicts the server', () => {
  expect(endText(record, NOW)).toBe('ends in 12 days (2026-03-07 00:00 UTC)');
  expect(endText(record, Date.parse('2027-01-01T00:00:00Z'))).toBe('ends at 2026-03-07 00:00 UTC');
  const expired = { ...record, status: 'Expired', in_force: false, overdue: true } as const;
  expect(endText(expired, Date.parse('2026-03-08T00:00:00Z'))).toMatch(/^ended 1 day ago /);
  expect(endText(expired, NOW)).toMatch(/^ended at 2026-03-07 00:00 UTC/);
  expect(daysLeft(record, NOW)).toBe('12 d');
  expect(daysLeft(expired, NOW)).toBe('');
});

test('spans and counts in words', () => {
  expect(timeText('2026-03-07T23:59:59.999Z')).toBe('2026-03-07 23:59 UTC');
  expect(spanText(90 * 60_000)).toBe('1 hour');
  expect(spanText(59_000)).toBe('less than a minute');
  expect(counted(1, 'entry', 'entries')).toBe('1 entry');
  expect(counted(12_000, 'entry', 'entries')).toBe('12,000 entries');
});
