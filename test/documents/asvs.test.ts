import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const TEXT = readFileSync(join(ROOT, 'docs', 'security', 'asvs.md'), 'utf8');
const ROWS = [
  ...TEXT.matchAll(/^\| (\d+)\.(\d+)\.(\d+) \| ([^|]+) \| ([^|]+) \| ([^|]*)\|$/gm),
].map(([, ...cells]) => ({
  id: cells.slice(0, 3).join('.'),
  place: cells.slice(0, 3).map(Number),
  state: cells[4],
  where: (cells[5] ?? '').trim(),
}));

/** How many requirements of levels 1 and 2 each chapter of ASVS 5.0.0 has. */
const CHAPTERS = [27, 11, 19, 10, 9, 35, 18, 7, 7, 29, 14, 9, 13, 9, 13, 16, 7];

test('every requirement of levels 1 and 2 is there once, in order', () => {
  const counts = CHAPTERS.map((_, index) => ROWS.filter(({ place }) => place[0] === index + 1));
  expect(counts.map((rows) => rows.length)).toEqual(CHAPTERS);
  const order = ROWS.map(({ place: [a = 0, b = 0, c = 0] }) => a * 10_000 + b * 100 + c);
  expect(order).toEqual([...new Set(order)].toSorted((one, other) => one - other));
});

test('each says where it stands, and names what meets it or what is missing', () => {
  for (const { id, state, where } of ROWS) {
    expect({ id, state }).toEqual({
      id,
      state: expect.stringMatching(/^(met|n\/a|not met|operator)$/),
    });
    if (state !== 'n/a') expect({ id, where }).toEqual({ id, where: expect.stringMatching(/\w/) });
  }
});

test('every file that is named is there', () => {
  const named = [...TEXT.matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|md|sql)|[\w-]+\.(?:md|json))`/g)];
  expect(named.length).toBeGreaterThan(150);
  const missing = named
    .map(([, path = '']) => path)
    .filter((path) => !existsSync(join(ROOT, path)));
  expect(missing).toEqual([]);
});

test('the figures are those of the rows', () => {
  const [, given = ''] = /^\| met \|.*\n.*\n\| (.+) \|$/m.exec(TEXT) ?? [];
  const states = ['met', 'n/a', 'not met', 'operator'];
  const counted = states.map((one) => ROWS.filter(({ state }) => state === one).length);
  expect(given.split(' | ').map(Number)).toEqual([...counted, ROWS.length]);
});

test('what is not met is told at the top', () => {
  const [top = ''] = TEXT.split('## V1 ');
  const told = [...top.matchAll(/\b\d+\.\d+\.\d+\b/g)].map(String).filter((id) => id !== '5.0.0');
  const unmet = ROWS.filter(({ state }) => state === 'not met').map(({ id }) => id);
  expect(told.toSorted()).toEqual(unmet.toSorted());
});
