import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestRegister, type TestRegister } from '../support/test-register.ts';
import { type EpisodeResult, runEpisode, SimulationFailure } from './episode.ts';
import { MUTANTS } from './mutants.ts';
import { replay } from './simulation-report.ts';
import { Tally } from './tally.ts';
import type { Faults } from './world.ts';

// Short episodes, in which processes die more often than in those that `npm run simulate` runs.
const PACE = { steps: 500, betweenCrashes: 10 };
const SHORT_PACE = { steps: 250, betweenCrashes: 25 };

let database: TestRegister;

beforeAll(async () => {
  database = await createTestRegister();
});

afterAll(() => database.drop());

/** Runs an episode; a failure says how to see it again. */
async function episode(seed: number): Promise<EpisodeResult> {
  try {
    return await runEpisode({ database, seed, ...PACE });
  } catch (error) {
    if (!(error instanceof SimulationFailure)) throw error;
    const lines = [...error.problems, 'after', ...error.lastSteps, replay({ seed, ...PACE })];
    throw new Error(lines.join('\n  '));
  }
}

test('no invariant breaks, processes have died at every place, and a seed takes the same steps again', async () => {
  const fresh = randomInt(2 ** 31);
  console.log(`a fresh seed: ${replay({ seed: fresh, ...PACE })}`);
  const tally = new Tally();
  const first = await episode(1);
  tally.add(first.tally);
  tally.add((await episode(fresh)).tally);
  for (let seed = 2; seed < 20 && tally.untakenCrashPoints.length > 0; seed += 1)
    tally.add((await episode(seed)).tally);
  expect(tally.untakenCrashPoints).toEqual([]);
  expect((await episode(1)).digest).toBe(first.digest);
});

/** The first failure that a fault leads to. */
async function failureWith(faults: Faults): Promise<unknown> {
  for (let seed = 1; seed <= 16; seed += 1) {
    try {
      await runEpisode({ database, seed, faults, ...SHORT_PACE });
    } catch (error) {
      return error;
    }
  }
  return undefined;
}

test.each(MUTANTS)('it finds that $name', async ({ name: _, foundBy, ...faults }) => {
  const failure = await failureWith(faults);
  expect(failure).toBeInstanceOf(SimulationFailure);
  expect((failure as SimulationFailure).problems.join('\n')).toMatch(foundBy);
});
