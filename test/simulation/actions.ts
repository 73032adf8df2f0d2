import { mock } from 'node:test';
import { DAY, HOUR } from '../../src/domain/schedule/instant.ts';
import { Intent, REPEATABLE_FOR, type Wish } from './intent.ts';
import type { Moment } from './invariants.ts';
import { type FoundStream, Mirror } from './mirror.ts';
import { wishForChange, wishForRecord } from './people.ts';
import { killWorker, send, sequenceFrom, startWorker, type Worker } from './processes.ts';
import type { Random } from './random.ts';
import { type Activity, SimulatedProcess } from './schedule.ts';
import { CRASH_POINTS, type CrashPoint, crash } from './tally.ts';
import { nameOf, type World } from './world.ts';

/** Something that was done: in words without ids, and how much is to be looked at after it. */
export interface Action {
  readonly words: string;
  readonly moment: Moment | undefined;
}

/** Replicas that run side by side. */
const SERVERS = ['serve 1', 'serve 2'];
const WORKERS = ['work 1', 'work 2', 'work 3'];
/** Requests that are under way at once, at most. */
const REQUESTS = 6;
/** Records that an episode makes, at most. */
const RECORDS = 60;
/** Steps that a place to die at is waited for. */
const PATIENCE = 150;
/** The loop's pauses in milliseconds: usually, and after a failure. */
const LOOP_PAUSE = 500;
const LONGEST_PAUSE = 2_000;

/** Decides what happens next, and makes it happen. */
export class Actions {
  readonly #world: World;
  readonly #random: Random;
  readonly #servers = new Map<string, SimulatedProcess>();
  readonly #workers = new Map<string, Worker>();
  /** Places to die at, the next one first. */
  readonly #aims: CrashPoint[];
  readonly #betweenCrashes: number;
  #patience = PATIENCE;
  #pause = 0;
  #intents = 0;

  /** `turn` says which of the places to die at comes first, `betweenCrashes` how many steps are. */
  constructor(world: World, random: Random, turn: number, betweenCrashes: number) {
    this.#world = world;
    this.#random = random;
    this.#betweenCrashes = betweenCrashes;
    const from = turn % CRASH_POINTS.length;
    this.#aims = [...CRASH_POINTS.slice(from), ...CRASH_POINTS.slice(0, from)];
    for (const name of SERVERS) this.#servers.set(name, new SimulatedProcess(name));
    for (const name of WORKERS) this.#workers.set(name, startWorker(world, name));
  }

  /** One thing of all that can happen now. */
  next(): Action {
    const random = this.#random;
    this.#world.clock.now += random.weighted([
      [0, 2],
      [random.int(1, 300_000), 5],
      [random.int(1, 4 * HOUR), 3],
    ]);
    const struck = this.#strike();
    if (struck) return struck;
    const { ready, underWay } = this.#world.schedule;
    const requests = [...underWay].filter(({ kind }) => kind === 'command').length;
    const room = this.#alive.length > 0 && requests < REQUESTS;
    const dead = this.#dead;
    // What brings a process to the place that is aimed at comes up more often.
    const [aim = ''] = this.#aims;
    const forWork = /^(deadlines|ledger|housekeeping)/.test(aim) ? 4 : 1;
    const act = random.weighted<() => Action | undefined>([
      [() => this.#letGo(this.#pickReady(ready)), ready.length > 0 ? 300 : 0],
      [() => this.#sendNew(), room ? 60 : 0],
      [() => this.#sendAgain(), room ? 10 : 0],
      [() => this.#sendUnderForeignKey(), room ? 2 : 0],
      [() => this.#wake(), 7 * forWork],
      [() => this.endPauses(LOOP_PAUSE), 2],
      [() => this.#prove(), this.#alive.length > 0 ? (aim.startsWith('proof') ? 12 : 3) : 0],
      [() => this.#moveClock(), aim.startsWith('deadlines') ? 9 : 3],
      [() => this.#beDown(), random.inThousand(400) ? 1 : 0],
      [() => this.#start(random.pick(dead)), dead.length > 0 ? 12 : 0],
    ]);
    return act() ?? this.endPauses(LOOP_PAUSE);
  }

  /** What was begun goes on, the dead rise, and what is in doubt is asked again; else nothing. */
  nextToRest(): Action | undefined {
    const [dead] = this.#dead;
    if (dead !== undefined) return this.#start(dead);
    const { ready } = this.#world.schedule;
    if (ready.length > 0) return this.#letGo(this.#random.pick(ready));
    const { intents, clock } = this.#world;
    const doubtful = [...intents.values()].find(
      ({ inDoubt, wish, acknowledged, refused, sentAt }) =>
        inDoubt > 0 && wish.key && !acknowledged && !refused && clock.now - sentAt < REPEATABLE_FOR,
    );
    const [server] = this.#alive;
    return doubtful && server ? this.#dispatch(server, doubtful) : undefined;
  }

  /** The pauses of all loops end: after one in which nothing failed, or any. */
  endPauses(pause = LONGEST_PAUSE): Action {
    mock.timers.tick(pause);
    this.#world.count('pauses without a wake-up');
    return { words: 'the pauses of the loops end', moment: undefined };
  }

  /** Ends everything, and waits until it has ended. */
  async killAll(): Promise<void> {
    for (const worker of this.#workers.values()) killWorker(worker);
    for (const server of this.#servers.values()) server.die();
    mock.timers.tick(LONGEST_PAUSE);
    await Promise.all([...this.#workers.values()].map(({ loop }) => loop.stop()));
    await this.#world.schedule.settle();
  }

  get #alive(): SimulatedProcess[] {
    return [...this.#servers.values()].filter(({ alive }) => alive);
  }

  get #dead(): string[] {
    const workers = [...this.#workers.values()].map((worker) => worker.process);
    const dead = [...this.#servers.values(), ...workers].filter(({ alive }) => !alive);
    return dead.map(({ name }) => name);
  }

  /** People first, mostly, since the loops' many looks for work would crowd them out. */
  #pickReady(ready: readonly Activity[]): Activity {
    const [aim = ''] = this.#aims;
    const isUrgent = ({ kind }: Activity) => kind === 'command' || aim.startsWith(kind);
    return this.#random.weighted(
      ready.map((activity) => [activity, isUrgent(activity) ? 6 : 1] as const),
    );
  }

  #letGo(activity: Activity): Action {
    const step = activity.next;
    if (!step) throw new Error(`${activity.words} cannot take a step`);
    step.go();
    return { words: `${activity.words}: ${step.words}`, moment: undefined };
  }

  /** Kills a process where one stands at the place that is aimed at; each place has its turn. */
  #strike(): Action | undefined {
    const [point] = this.#aims;
    if (!point) return undefined;
    if (this.#pause > 0) {
      this.#pause -= 1;
      return undefined;
    }
    const { ready, blocked } = this.#world.schedule;
    const there = [
      ...ready.filter(({ kind, next }) => point === `${kind}, ${next?.stage}`),
      ...blocked.filter(({ kind }) => point === `${kind}, waiting for a lock`),
    ];
    this.#patience -= 1;
    if (there.length > 0 || this.#patience === 0) this.#aimElsewhere();
    if (there.length === 0) return undefined;
    const victim = this.#random.pick(there);
    this.#kill(victim.process.name);
    this.#world.count(crash(point));
    this.#world.count('crashes');
    return {
      words: `${victim.process.name} dies: ${victim.words}, ${point}`,
      moment: 'disturbance',
    };
  }

  #aimElsewhere(): void {
    this.#aims.push(...this.#aims.splice(0, 1));
    this.#patience = PATIENCE;
    this.#pause = this.#random.int(1, 2 * this.#betweenCrashes);
  }

  #kill(name: string): void {
    const worker = this.#workers.get(name);
    if (worker) killWorker(worker);
    else this.#servers.get(name)?.die();
  }

  #start(name: string): Action {
    if (this.#servers.has(name)) this.#servers.set(name, new SimulatedProcess(name));
    else this.#workers.set(name, startWorker(this.#world, name));
    this.#world.count('starts');
    return { words: `${name} starts`, moment: undefined };
  }

  #sendNew(): Action | undefined {
    const random = this.#random;
    const { mirror, tenants, clock } = this.#world;
    const known = mirror.all;
    const create = known.length < RECORDS && random.inThousand(known.length < 5 ? 500 : 60);
    if (!create && known.length === 0) return undefined;
    const wish = create
      ? wishForRecord(random, random.pick(tenants), clock.now)
      : wishForChange(random, this.#pickRecord(known), clock.now);
    const key = random.inThousand(600) ? `key-${this.#intents + 1}` : undefined;
    return this.#dispatch(random.pick(this.#alive), this.#intend({ ...wish, key }));
  }

  /** Mostly one that is not over; renewals that are to be ready in time more often than others. */
  #pickRecord(known: readonly FoundStream[]): FoundStream {
    const renewals = known.filter((stream) => {
      const { renews, status } = Mirror.stateOf(stream);
      return renews !== undefined && /Draft|Under-Review|Approved/.test(status);
    });
    if (renewals.length > 0 && this.#random.inThousand(400)) return this.#random.pick(renewals);
    const first = this.#random.pick(known);
    const isOver = /Closed|Archived/.test(Mirror.stateOf(first).status);
    return isOver && this.#random.inThousand(800) ? this.#random.pick(known) : first;
  }

  #intend(wish: Wish): Intent {
    this.#intents += 1;
    const intent = new Intent(this.#intents, wish, this.#world.clock.now);
    this.#world.intents.set(intent.number, intent);
    return intent;
  }

  /** The same request once more: after its answer was lost, beside the first one, or for no reason. */
  #sendAgain(): Action | undefined {
    const { intents } = this.#world;
    const recent = [...intents.values()].slice(-12).filter(({ wish }) => wish.key !== undefined);
    if (recent.length === 0) return undefined;
    const intent = this.#random.pick(recent);
    this.#world.count(intent.underWay > 0 ? 'repeats beside the first' : 'repeats');
    return this.#dispatch(this.#random.pick(this.#alive), intent);
  }

  /** Somebody's mistake: another request under a key that was used. */
  #sendUnderForeignKey(): Action | undefined {
    const used = [...this.#world.intents.values()]
      .slice(-12)
      .filter(({ wish, acknowledged }) => wish.key !== undefined && acknowledged);
    if (used.length === 0) return undefined;
    const other = this.#random.pick(used);
    const intent = this.#intend({ ...other.wish, takesKeyOf: other });
    this.#world.count('keys used again for something else');
    return this.#dispatch(this.#random.pick(this.#alive), intent);
  }

  #dispatch(server: SimulatedProcess, intent: Intent): Action {
    const { number, verb, wish } = intent;
    send(this.#world, server, intent);
    this.#world.count(`sent: ${verb}`);
    const again = intent.attempts > 1 ? ' again' : '';
    const words = `${wish.actor.id} sends #${number} ${verb} ${nameOf(this.#world, wish.target)}${again} to ${server.name}`;
    return { words, moment: undefined };
  }

  #wake(): Action {
    const worker = this.#random.pick([...this.#workers.values()]);
    const times = this.#random.pick([1, 1, 2]);
    for (let time = 0; time < times; time += 1) worker.loop.wake();
    this.#world.count(times > 1 ? 'wake-ups that came twice' : 'wake-ups');
    return {
      words: `${worker.process.name} is woken${times > 1 ? ' twice' : ''}`,
      moment: undefined,
    };
  }

  #prove(): Action {
    const server = this.#random.pick(this.#alive);
    sequenceFrom(this.#world, server, this.#random.pick(this.#world.tenants));
    return { words: `${server.name} is asked for a proof`, moment: undefined };
  }

  #moveClock(): Action {
    const random = this.#random;
    const [by, words] = random.weighted<readonly [number, string]>([
      [[random.int(HOUR, 12 * HOUR), 'hours pass'], 3],
      [[random.int(DAY, 10 * DAY), 'days pass'], 4],
      [[random.int(7 * DAY, 35 * DAY), 'weeks pass'], 3],
      [[random.int(30 * DAY, 120 * DAY), 'months pass'], 2],
      [[-random.int(60_000, 12 * HOUR), 'the clock is put back'], 2],
    ]);
    this.#world.clock.now += by;
    this.#world.count(words);
    return { words, moment: 'disturbance' };
  }

  /** Nothing runs for a week. */
  #beDown(): Action {
    for (const name of [...SERVERS, ...WORKERS]) this.#kill(name);
    this.#world.clock.now += 7 * DAY;
    this.#world.count('weeks of downtime');
    return { words: 'everything is down for a week', moment: 'disturbance' };
  }
}
