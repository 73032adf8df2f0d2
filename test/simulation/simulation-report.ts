import { DEFAULT_PACE, type EpisodeOptions, type SimulationFailure } from './episode.ts';
import { CRASH_POINTS, crash, RARE_CRASH_POINTS, type Tally } from './tally.ts';

/** How far a run is. */
interface Progress {
  readonly years: number;
  readonly of: number;
  readonly steps: number;
  readonly tally: Tally;
  readonly seconds: number;
}

/** How often it is shown, in seconds: on a terminal, and elsewhere. */
const EVERY = { terminal: 0.25, elsewhere: 15 };

/** Shows on standard error how far it is: one line that changes on a terminal, one now and then elsewhere. */
export function showProgress() {
  const { isTTY, columns = 80 } = process.stderr;
  const every = isTTY ? EVERY.terminal : EVERY.elsewhere;
  let shownAt = 0;
  return {
    /** `progress` is asked for only when it is shown. */
    show(seconds: number, progress: () => Progress): void {
      if (seconds - shownAt < every) return;
      shownAt = seconds;
      const line = progressLine(progress());
      process.stderr.write(isTTY ? `\r\x1b[K${line.slice(0, columns - 1)}` : `${line}\n`);
    },
    end(): void {
      if (isTTY) process.stderr.write('\r\x1b[K');
    },
  };
}

function progressLine({ years, of, steps, tally, seconds }: Progress): string {
  const accepted = count(tally.of('commands accepted'));
  const refused = count(tally.of('commands refused'));
  const crashes = count(tally.of('crashes'));
  const left = `${years.toFixed(1)} of ${count(of)} years`;
  return `${left}  ${count(steps)} steps  ${crashes} crashes  ${accepted} accepted  ${refused} refused  ${seconds.toFixed(0)} s`;
}

/** What a run has come through, on standard output. */
export function printSummary({
  years,
  episodes,
  steps,
  tally,
  seconds,
}: Omit<Progress, 'of'> & { episodes: number }): void {
  console.log(
    `${years.toFixed(1)} years in ${count(episodes)} episodes, ${count(steps)} steps, ${seconds.toFixed(0)} s: every invariant held.`,
  );
  const groups: readonly (readonly [string, readonly [string, number][]])[] = [
    ['Commands', CUSTOMS.map((name) => [name, tally.of(name)])],
    ['Sent', startingWith(tally, 'sent: ')],
    ['Refused with', startingWith(tally, 'refused: ')],
    ['Came about', startingWith(tally, 'happened: ')],
    ['Renewals', startingWith(tally, 'renewals: ')],
    ['In the cloud', startingWith(tally, 'cloud: ')],
    ['Time and wake-ups', CIRCUMSTANCES.map((name) => [name, tally.of(name)])],
    [
      'Crashes',
      [...CRASH_POINTS, ...RARE_CRASH_POINTS].map((point) => [point, tally.of(crash(point))]),
    ],
    ['Checks', startingWith(tally, 'checks: ')],
  ];
  for (const [title, rows] of groups) printGroup(title, rows);
  const untaken = tally.untakenCrashPoints;
  if (untaken.length > 0) console.log(`\nNothing has died yet at: ${untaken.join('; ')}.`);
}

const CUSTOMS = [
  'commands accepted',
  'commands refused',
  'answers repeated',
  'repeats',
  'repeats beside the first',
  'keys used again for something else',
];
const CIRCUMSTANCES = [
  'hours pass',
  'days pass',
  'weeks pass',
  'months pass',
  'the clock is put back',
  'weeks of downtime',
  'lulls',
  'copies',
  'copies put back: nothing lost',
  'copies put back: signed entries lost',
  'starts',
  'wake-ups',
  'wake-ups that came twice',
  'pauses without a wake-up',
];

function startingWith(tally: Tally, prefix: string): [string, number][] {
  return [...tally.counts]
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, times]): [string, number] => [name.slice(prefix.length), times])
    .sort(([, a], [, b]) => b - a);
}

/** In two columns where the terminal has room for both. */
function printGroup(title: string, rows: readonly (readonly [string, number])[]): void {
  const width = 54;
  const columns = (process.stdout.columns ?? 80) >= 2 * width + 2 ? 2 : 1;
  const cells = rows.map(([name, times]) => {
    const figure = count(times);
    return `${name} ${'.'.repeat(Math.max(2, width - 3 - name.length - figure.length))} ${figure}`;
  });
  const lines = Math.ceil(cells.length / columns);
  console.log(`\n${title}`);
  for (let line = 0; line < lines; line += 1) {
    const row = cells.filter((_, index) => index % lines === line);
    console.log(
      `  ${row
        .map((cell) => cell.padEnd(width))
        .join('  ')
        .trimEnd()}`,
    );
  }
}

/** What does not hold, what came before, and how to see it again. */
export function printFailure(failure: SimulationFailure, pace: Pace): void {
  const { seed, step, problems, lastSteps } = failure;
  console.error(`An invariant does not hold (seed ${seed}, step ${step}):`);
  for (const problem of problems) console.error(`  ${problem}`);
  console.error('\nThe last steps:');
  for (const words of lastSteps) console.error(`  ${words}`);
  console.error(`\nThe same again: ${replay({ seed, ...pace })}`);
}

/** What besides the seed decides which steps are taken. */
export type Pace = Required<Pick<EpisodeOptions, 'steps' | 'betweenCrashes'>>;

/** The command that takes exactly the same steps. */
export function replay({ seed, steps, betweenCrashes }: Pace & { seed: number }): string {
  const length = steps === DEFAULT_PACE.steps ? '' : ` --steps ${steps}`;
  const often =
    betweenCrashes === DEFAULT_PACE.betweenCrashes ? '' : ` --between ${betweenCrashes}`;
  return `npm run simulate -- --seed ${seed}${length}${often}`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}
