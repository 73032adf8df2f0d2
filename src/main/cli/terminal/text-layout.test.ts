import { expect, test } from 'vitest';
import { safeLine, safeText } from './output.ts';
import { displayWidth, fitTo, padTo, wrapTo } from './text-layout.ts';

test('colours and combining marks take no column, wide characters take two', () => {
  expect(displayWidth('plain')).toBe(5);
  expect(displayWidth('\u001b[31mred\u001b[0m')).toBe(3);
  expect(displayWidth('e\u0301')).toBe(1);
  expect(displayWidth('漢字')).toBe(4);
  expect(displayWidth('🚀')).toBe(2);
  expect(displayWidth('✓ ok')).toBe(4);
});

test('what does not fit ends in an ellipsis, never in half a character', () => {
  expect(fitTo('abcdef', 6)).toBe('abcdef');
  expect(fitTo('abcdefg', 6)).toBe('abcde…');
  expect(displayWidth(fitTo('漢字漢字', 6))).toBeLessThanOrEqual(6);
  expect(padTo('漢', 4)).toBe('漢  ');
});

test('lines break at blanks, and a link stays whole', () => {
  expect(wrapTo('one two three four', 10)).toEqual(['one two', 'three four']);
  const link = 'https://example.com/a/long/path';
  expect(wrapTo(`see ${link} now`, 12)).toEqual(['see', link, 'now']);
});

test('nothing that others wrote can move the cursor, recolour or turn the text round', () => {
  expect(safeText('a\u001b[2Jb\u0007c\u202Ed')).toBe('ab\ufffdc\ufffdd');
  expect(safeText('two\r\nlines')).toBe('two\nlines');
  expect(safeLine('two\n  lines\r')).toBe('two lines\ufffd');
});
