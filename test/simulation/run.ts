import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { openScratchDatabase } from '../../bench/support/scratch-database.ts';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { fastFolder } from '../support/fast-folder.ts';
import { DEFAULT_PACE, type EpisodeProgress, runEpisode, SimulationFailure } from './episode.ts';
import { printFailure, printSummary, showProgress } from './simulation-report.ts';
import { Tally } from './tally.ts';
import { WITHOUT_FSYNC } from './world.ts';

// Simulates people, replicas, crashes and clocks: `npm run simulate -- --years 100 --seed 1`. Each
// episode begins with an empty register and has the seed after the last one's.

const YEAR = 365 * DAY;
/** Seeds are integers of 32 bits; episodes count on from the first. */
const LARGEST_SEED = 2 ** 31 - 1;

const { years, seed: first, verbose, ...pace } = readOptions();
const began = performance.now();
const seconds = () => (performance.now() - began) / 1000;
/** Ctrl-C ends it at its next step, with what it has come through; PostgreSQL stops with it. */
class Stopped extends Error {}
let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    stopped = true;
  });
}
const database = await openScratchDatabase(WITHOUT_FSYNC, fastFolder());
try {
  const { rows } = await queryOnce('SHOW server_version');
  console.log(
    `Simulating ${years} years from seed ${first}, ${pace.steps} steps an episode, on PostgreSQL ${rows[0].server_version}.`,
  );
  console.log('Processes crash here and disks do not, so PostgreSQL runs without fsync.\n');
  await simulate();
} catch (error) {
  if (!(error instanceof SimulationFailure)) throw error;
  printFailure(error, pace);
  process.exitCode = 1;
} finally {
  await database.close();
}

async function simulate(): Promise<void> {
  const line = showProgress();
  let done: EpisodeProgress = { tally: new Tally(), steps: 0, simulated: 0 };
  let seed = first;
  let underWay: EpisodeProgress | undefined;
  const onStep = (words: string, soFar: EpisodeProgress) => {
    underWay = soFar;
    if (stopped) throw new Stopped();
    if (verbose) console.log(words);
    else line.show(seconds(), () => ({ ...summed(done, soFar), of: years }));
  };
  try {
    for (; done.simulated < years * YEAR; seed += 1) {
      done = both(done, await runEpisode({ database, seed, ...pace, onStep }));
      underWay = undefined;
    }
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    process.exitCode = 130;
  } finally {
    line.end();
  }
  printSummary({ ...summed(done, underWay), episodes: seed - first });
}

function summed(done: EpisodeProgress, more?: EpisodeProgress) {
  const { tally, steps, simulated } = more ? both(done, more) : done;
  return { tally, steps, years: simulated / YEAR, seconds: seconds() };
}

function both(one: EpisodeProgress, other: EpisodeProgress): EpisodeProgress {
  const tally = new Tally();
  tally.add(one.tally);
  tally.add(other.tally);
  const steps = one.steps + other.steps;
  return { tally, steps, simulated: one.simulated + other.simulated };
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      years: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(randomInt(1_000_000)) },
      steps: { type: 'string', default: String(DEFAULT_PACE.steps) },
      between: { type: 'string', default: String(DEFAULT_PACE.betweenCrashes) },
      verbose: { type: 'boolean', default: false },
    },
  });
  return {
    years: wholeNumber('years', values.years, 1, 1_000_000),
    seed: wholeNumber('seed', values.seed, 0, LARGEST_SEED),
    steps: wholeNumber('steps', values.steps, 1, 100_000),
    betweenCrashes: wholeNumber('between', values.between, 1, 100_000),
    verbose: values.verbose,
  };
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  console.error(`--${name} takes a whole number from ${least} to ${most}; "${text}" is none.`);
  process.exit(2);
}

async function queryOnce(text: string) {
  const client = new pg.Client(database.admin);
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}
