import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { mock } from 'node:test';
import pg from 'pg';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { formatInstant } from '../../src/domain/schedule/instant.ts';
import { ExceptionViews } from '../../src/features/exceptions/exception-views.ts';
import { openDatabase } from '../../src/platform/db/database.ts';
import { masterKey } from '../../src/platform/secrets/secrets.ts';
import { fastFolder } from '../support/fast-folder.ts';
import { START } from '../support/given.ts';
import { samePolicy } from '../support/same-policy.ts';
import type { Action } from './action.ts';
import { Actions } from './actions.ts';
import { begin } from './beginning.ts';
import { Copies } from './copies.ts';
import { emptyDatabase, makeTenants } from './empty-database.ts';
import type { Intent } from './intent.ts';
import { brokenInvariants, type Moment } from './invariants.ts';
import { Mirror } from './mirror.ts';
import { Random } from './random.ts';
import { Schedule } from './schedule.ts';
import { OutsideFolder } from './simulated-checkpoints.ts';
import { SimulatedCloud } from './simulated-cloud.ts';
import { SimulatedClock, simulatedDatabase } from './simulated-database.ts';
import { Tally } from './tally.ts';
import type { Faults, SimulationDatabase, World } from './world.ts';

/** What one episode is made of; the seed decides all that happens in it. */
export interface EpisodeOptions {
  readonly database: SimulationDatabase;
  readonly seed: number;
  readonly steps: number;
  /** Steps between a crash and the next, on average. */
  readonly betweenCrashes: number;
  /** Faults to put in. */
  readonly faults?: Faults | undefined;
  /** Told what every step does, and how far the episode is with it. */
  readonly onStep?: (words: string, soFar: EpisodeProgress) => void;
}

/** What an episode has come through so far. */
export interface EpisodeProgress {
  readonly tally: Tally;
  readonly steps: number;
  /** Of the domain's time, in milliseconds. */
  readonly simulated: number;
}

/** What an episode has come through. */
export interface EpisodeResult extends EpisodeProgress {
  /** SHA-256 over the words of all steps: the same for the same seed. */
  readonly digest: string;
}

/** An invariant that did not hold. */
export class SimulationFailure extends Error {
  readonly seed: number;
  readonly step: number;
  readonly problems: readonly string[];
  /** What was done last, in words; the newest last. */
  readonly lastSteps: readonly string[];

  constructor(
    seed: number,
    step: number,
    problems: readonly string[],
    lastSteps: readonly string[],
  ) {
    super(`seed ${seed}, step ${step}: ${problems[0]}`);
    this.seed = seed;
    this.step = step;
    this.problems = problems;
    this.lastSteps = lastSteps;
  }
}

/** How long an episode is, and how often processes die in it, unless told. */
export const DEFAULT_PACE = { steps: 1_500, betweenCrashes: 50 };
/** Steps until something stands at a place to die at, mostly. */
const STEPS_TO_A_PLACE = 50;
/** Rounds of all loops after which nothing may be left to do. */
const ROUNDS_TO_REST = 12;

/** Steps that a round may take. */
const STEPS_TO_REST = 3_000;

const REMEMBERED_STEPS = 40;

/**
 * Empties the database and runs one episode in it: people, replicas, crashes and clocks, all decided
 * by the seed, with the invariants looked at all along.
 *
 * @throws SimulationFailure where one does not hold.
 */
export async function runEpisode(options: EpisodeOptions): Promise<EpisodeResult> {
  await emptyDatabase(options.database.admin);
  // The loop's pauses end when the simulation says so. Pools are opened after that and closed before.
  mock.timers.enable({ apis: ['setTimeout'] });
  const folder = mkdtempSync(join(fastFolder(), 'lapse-simulation-'));
  const admin = new pg.Client(options.database.admin);
  await admin.connect();
  const { application, worker } = options.database;
  const base = openDatabase({ application, worker, connections: 80 });
  try {
    const made = await makeWorld(options, { folder, admin, base });
    const db = simulatedDatabase({ base, clock: made.world.clock });
    await begin(made.world, db, new Random(options.seed));
    return await new Episode(options, made).run();
  } finally {
    await base.close();
    await admin.end();
    mock.timers.reset();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How many connections wait for a lock, exactly: who is granted one is no longer counted. */
const BLOCKED = `SELECT count(DISTINCT l.pid)::int AS blocked FROM pg_locks l
  JOIN pg_stat_activity a ON a.pid = l.pid WHERE NOT l.granted AND a.datname = current_database()`;

interface Opened {
  readonly folder: string;
  readonly admin: pg.Client;
  readonly base: ReturnType<typeof openDatabase>;
}

async function makeWorld(options: EpisodeOptions, { folder, admin, base }: Opened) {
  const clock = new SimulatedClock(START);
  const intents = new Map<number, Intent>();
  const master = masterKey(new Uint8Array(32).fill(7));
  const tally = new Tally();
  const tenants = await makeTenants(base, master, clock.now);
  const countBlocked = async () => (await admin.query(BLOCKED)).rows[0].blocked as number;
  const world: World = {
    ...{ base, admin, master, clock },
    application: options.database.application,
    policy: BUILT_IN_POLICY,
    tenants,
    schedule: new Schedule(countBlocked),
    outside: new OutsideFolder(folder),
    cloud: new SimulatedCloud(clock, tenants),
    mirror: new Mirror(admin, clock, () =>
      [...intents.values()].filter(({ underWay }) => underWay > 0).map(({ number }) => number),
    ),
    copies: await Copies.prepare(admin),
    intents,
    views: new ExceptionViews(simulatedDatabase({ base, clock }), samePolicy(BUILT_IN_POLICY)),
    problems: [],
    commits: { count: 0 },
    lookedAt: new Map(),
    count: (what) => tally.count(what),
    faults: options.faults,
  };
  return { world, tally };
}

class Episode {
  readonly #options: EpisodeOptions;
  readonly #world: World;
  readonly #tally: Tally;
  readonly #actions: Actions;
  readonly #lastSteps: string[] = [];
  readonly #digest = createHash('sha256');
  #step = 0;
  #simulated = 0;

  constructor(options: EpisodeOptions, { world, tally }: Awaited<ReturnType<typeof makeWorld>>) {
    this.#options = options;
    this.#world = world;
    this.#tally = tally;
    // Seeds that follow one another come past all places to die at in turn.
    const { seed, steps, betweenCrashes } = options;
    const turn = seed * Math.ceil(steps / (2 * betweenCrashes + STEPS_TO_A_PLACE));
    this.#actions = new Actions(world, new Random(seed), turn, betweenCrashes);
  }

  async run(): Promise<EpisodeResult> {
    try {
      while (this.#step < this.#options.steps) {
        await this.#take(() => this.#actions.next());
        if (this.#actions.wantsLull) await this.#lull();
      }
      await this.#lull();
      await this.#comeToRest(() => this.#actions.nextToRest());
      this.#tellStories();
    } finally {
      await this.#actions.killAll();
    }
    return { ...this.#progress, digest: this.#digest.digest('hex') };
  }

  /** Counts what has come about, and how far chains have come. */
  #tellStories(): void {
    for (const { events, states } of this.#world.mirror.all) {
      for (const { event } of events) {
        this.#tally.count(`happened: ${event.type}`);
        if ('on_behalf_of' in event.data) this.#tally.count('happened: approval for somebody else');
      }
      const { renewal_number: number, activated_at, closed } = states.at(-1) ?? {};
      if (!number) continue;
      const became =
        activated_at === undefined ? (closed?.reason ?? 'not yet in force') : 'in force';
      this.#tally.count(`renewals: number ${number}, ${became}`);
    }
  }

  /** Those that are alive do what there is to do, and have to do without the others. */
  async #lull(): Promise<void> {
    this.#tally.count('lulls');
    this.#actions.wantsLull = false;
    await this.#comeToRest(() => this.#actions.nextInLull());
    await this.#take(() => this.#actions.disturbLull());
    await this.#comeToRest(() => this.#actions.nextInLull());
  }

  /** Lets everything that was begun end, and all that is due be done; then looks at everything. */
  async #comeToRest(next: () => Action | undefined): Promise<void> {
    const { commits } = this.#world;
    // Twice, since the end of one thing can make another due.
    for (let quiet = 0, rounds = 0; quiet < 2; rounds += 1) {
      if (rounds > ROUNDS_TO_REST)
        this.#world.problems.push(`the loops still find work after ${rounds} rounds`);
      const before = commits.count;
      await this.#take(() => this.#actions.endPauses());
      for (let left = STEPS_TO_REST; await this.#take(next); left -= 1)
        if (left === 0)
          this.#world.problems.push(`the rest does not come in ${STEPS_TO_REST} steps`);
      quiet = commits.count === before ? quiet + 1 : 0;
    }
    await this.#check('rest');
  }

  /** Does something, lets it come to where it waits, and looks; false where there is nothing to do. */
  async #take(act: () => Action | undefined): Promise<boolean> {
    const { clock, schedule, commits, problems } = this.#world;
    const before = { now: clock.now, commits: commits.count };
    const action = act();
    if (!action) return false;
    this.#step += 1;
    this.#simulated += Math.max(0, clock.now - before.now);
    this.#note(`#${this.#step} ${formatInstant(clock.now)} ${action.words}`);
    await schedule.settle();
    await action.afterwards?.();
    const changed = commits.count > before.commits || problems.length > 0;
    if (action.moment) await this.#check(action.moment);
    else if (changed) await this.#check('commit');
    return true;
  }

  get #progress(): EpisodeProgress {
    return { tally: this.#tally, steps: this.#step, simulated: this.#simulated };
  }

  #note(words: string): void {
    this.#digest.update(`${words}\n`);
    this.#options.onStep?.(words, this.#progress);
    this.#lastSteps.push(words);
    if (this.#lastSteps.length > REMEMBERED_STEPS) this.#lastSteps.shift();
  }

  async #check(moment: Moment): Promise<void> {
    const broken = await brokenInvariants(this.#world, moment);
    this.#tally.count(`checks: ${moment}`);
    if (broken.length > 0)
      throw new SimulationFailure(this.#options.seed, this.#step, broken, this.#lastSteps);
  }
}
