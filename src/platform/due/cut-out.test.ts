import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutOutPoison } from './cut-out.ts';

class Poisonous extends Error {}

const isAboutRows = (error: unknown) => error instanceof Poisonous;

/** Does rows as one transaction would: all of them, or none where one is poison. */
function worker(poison: ReadonlySet<number>) {
  const done: number[] = [];
  const quarantined: number[] = [];
  let runs = 0;
  return {
    done,
    quarantined,
    runs: () => runs,
    async run(rows: readonly number[]) {
      runs += 1;
      if (rows.some((row) => poison.has(row))) throw new Poisonous();
      done.push(...rows);
    },
    async quarantine(row: number) {
      quarantined.push(row);
    },
  };
}

test('exactly the poison rows are cut out, and every other row is done once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(200).chain((size) => fc.tuple(fc.constant(size), fc.uniqueArray(fc.nat(size)))),
      async ([size, chosen]) => {
        const rows = Array.from({ length: size }, (_, row) => row);
        const poison = new Set(chosen.filter((row) => row < size));
        const { run, quarantine, done, quarantined } = worker(poison);
        await cutOutPoison(rows, run, quarantine, isAboutRows);
        expect(quarantined).toEqual(rows.filter((row) => poison.has(row)));
        expect(done).toEqual(rows.filter((row) => !poison.has(row)));
      },
    ),
  );
});

test('one poison row among 500 costs two runs a halving', async () => {
  const { run, quarantine, runs } = worker(new Set([321]));
  const rows = Array.from({ length: 500 }, (_, row) => row);
  await cutOutPoison(rows, run, quarantine, isAboutRows);
  expect(runs()).toBeLessThanOrEqual(1 + 2 * Math.ceil(Math.log2(500)));
});

test('an error that says nothing about the rows is passed on, and nothing is quarantined', async () => {
  const { quarantine, quarantined } = worker(new Set());
  const gone = new Error('the database is gone');
  const run = () => Promise.reject(gone);
  await expect(cutOutPoison([1, 2, 3], run, quarantine, isAboutRows)).rejects.toBe(gone);
  expect(quarantined).toEqual([]);
});

test('a quarantine that fails is passed on: the row stays due', async () => {
  const { run } = worker(new Set([1]));
  const gone = new Error('the database is gone');
  await expect(cutOutPoison([1], run, () => Promise.reject(gone), isAboutRows)).rejects.toBe(gone);
});
