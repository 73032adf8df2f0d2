import { mock } from 'node:test';
import { DAY, HOUR } from '../../src/domain/schedule/instant.ts';
import type { Action } from './action.ts';
import { moveClock, putClockBack } from './clock.ts';
import { actByHand, changeWeather } from './cloud-weather.ts';
import { Crashes } from './crashes.ts';
import { killWorker, sequenceFrom, startWorker, type Worker } from './processes.ts';
import type { Random } from './random.ts';
import { hasLaterPredecessor, renewalsInTime } from './renewals.ts';
import { Requests } from './requests.ts';
import { type Activity, SimulatedProcess } from './schedule.ts';
import { type CrashPoint, crash, RARE_CRASH_POINTS, SIGNING_POINTS } from './tally.ts';
import { tenantIn, type World } from './world.ts';

/** Replicas that run side by side. */
const SERVERS = ['serve 1', 'serve 2'] as const;
const WORKERS = ['work 1', 'work 2', 'work 3'];
/** Requests that are under way at once, at most. */
const REQUESTS = 6;
/** The loop's pauses in milliseconds: usually, and after a failure. */
const LOOP_PAUSE = 500;
const LONGEST_PAUSE = 2_000;

/** Decides what happens next, and makes it happen. */
export class Actions {
  readonly #world: World;
  readonly #random: Random;
  readonly #crashes: Crashes;
  readonly #requests: Requests;
  readonly #servers = new Map<string, SimulatedProcess>();
  readonly #workers = new Map<string, Worker>();

  /** `turn` says which of the places to die at comes first, `betweenCrashes` how many steps are. */
  constructor(world: World, random: Random, turn: number, betweenCrashes: number) {
    this.#world = world;
    this.#random = random;
    this.#crashes = new Crashes(random, turn, betweenCrashes);
    this.#requests = new Requests(world, random);
    for (const name of SERVERS) this.#servers.set(name, new SimulatedProcess(name));
    for (const name of WORKERS) this.#workers.set(name, startWorker(world, name));
  }

  /** Whether a worker may die between a head and its checkpoint. */
  #mayDie = false;
  /** Whether everybody waits now until nothing moves any more. */
  wantsLull = false;

  /** One thing of all that can happen now. */
  next(): Action {
    const random = this.#random;
    // Whoever has a renewal to get ready in time hurries, mostly.
    const hurry = renewalsInTime(this.#world).length > 0 && random.inThousand(850);
    this.#world.clock.now += random.weighted([
      [0, 2],
      [random.int(1, 300_000), 5],
      [random.int(1, 4 * HOUR), hurry ? 0 : 3],
    ]);
    const struck = this.#strike() ?? this.#strikeAny(RARE_CRASH_POINTS, 200);
    if (struck) return struck;
    const { ready, underWay } = this.#world.schedule;
    const requests = [...underWay].filter(({ kind }) => /command|epoch/.test(kind)).length;
    const [server] = this.#alive.length > 0 ? [random.pick(this.#alive)] : [];
    const room = server !== undefined && requests < REQUESTS;
    const dead = this.#dead;
    const diverged = this.#diverged;
    // What brings a process to the place that is aimed at comes up more often.
    const aims = (kind: string) => this.#crashes.aimsAt(kind);
    const forWork =
      aims('deadlines') || aims('ledger') || aims('counts') || aims('house') || aims('grants')
        ? 8
        : 1;
    const ask = (send: (by: SimulatedProcess) => string | undefined) => () => asked(server, send);
    const act = random.weighted<() => Action | undefined>([
      [() => this.#letGo(this.#pickReady(ready)), ready.length > 0 ? 300 : 0],
      [ask((by) => this.#requests.sendNew(by)), room ? 120 : 0],
      [ask((by) => this.#requests.sendAgain(by)), room ? 15 : 0],
      [ask((by) => this.#requests.sendUnderForeignKey(by)), room ? 2 : 0],
      [
        ask((by) => this.#requests.openEpoch(by, random.pick(diverged))),
        room && diverged.length > 0 ? 3 : 0,
      ],
      [
        ask((by) => this.#requests.openEpoch(by, random.pick(this.#world.tenants))),
        room && random.inThousand(300) ? 1 : 0,
      ],
      [() => this.#wake(), 7 * forWork],
      [() => this.endPauses(LOOP_PAUSE), 2],
      [() => this.#prove(), this.#alive.length > 0 ? (aims('proof') ? 12 : 3) : 0],
      [() => moveClock(this.#world, random, hurry), aims('deadlines') ? 9 : 3],
      [() => putClockBack(this.#world, random), hasLaterPredecessor(this.#world) ? 30 : 0],
      [() => this.#beDown(), random.inThousand(400) ? 1 : 0],
      [() => changeWeather(this.#world, random), 4],
      [() => actByHand(this.#world, random), 3],
      [() => this.#copy(), 2],
      [() => this.#putBack(), random.inThousand(200) ? 1 : 0],
      [() => this.#start(random.pick(dead)), dead.length > 0 ? 12 : 0],
    ]);
    return act() ?? this.endPauses(LOOP_PAUSE);
  }

  /** In the quiet of a lull something is written, and whoever is to sign it may die. */
  disturbLull(): Action {
    const [name] = SERVERS;
    const server = this.#alive[0] ?? new SimulatedProcess(name);
    this.#servers.set(server.name, server);
    this.#mayDie = true;
    return { words: this.#requests.issueToken(server), moment: undefined };
  }

  /** What was begun goes on, and nobody comes to help; nothing once that has ended. */
  nextInLull(): Action | undefined {
    const { ready } = this.#world.schedule;
    const struck = this.#strikeSequencer();
    if (struck) return struck;
    if (ready.length > 0) return this.#letGo(this.#random.pick(ready));
    const works = [...this.#workers.values()].some(({ process }) => process.alive);
    return works ? undefined : this.#start(this.#random.pick(WORKERS));
  }

  /** The same; the dead rise, what is in doubt is asked again, and every ledger goes on. */
  nextToRest(): Action | undefined {
    const [dead] = this.#dead;
    if (dead !== undefined) return this.#start(dead);
    const struck = this.#strikeAny(RARE_CRASH_POINTS, 200);
    if (struck) return struck;
    const { ready } = this.#world.schedule;
    if (ready.length > 0) return this.#letGo(this.#random.pick(ready));
    const [server] = this.#alive;
    const [diverged] = this.#diverged;
    return asked(server, (by) =>
      diverged === undefined
        ? this.#requests.sendDoubtful(by)
        : this.#requests.openEpoch(by, diverged),
    );
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
    const isUrgent = ({ kind }: Activity) => kind === 'command' || this.#crashes.aimsAt(kind);
    return this.#random.weighted(
      ready.map((activity) => [activity, isUrgent(activity) ? 12 : 1] as const),
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
    const struck = this.#crashes.strike(this.#world.schedule);
    if (!struck) return undefined;
    this.wantsLull = this.#random.inThousand(150);
    return this.#die(struck.victim, struck.point);
  }

  /** One of several workers dies between a head and its checkpoint: the others have to see to it. */
  #strikeSequencer(): Action | undefined {
    const alive = [...this.#workers.values()].filter(({ process }) => process.alive);
    const struck =
      this.#mayDie && alive.length > 1 ? this.#strikeAny(SIGNING_POINTS, 300) : undefined;
    if (struck) this.#mayDie = false;
    return struck;
  }

  /** Somebody dies who stands at one of these places, in so many of 1,000 cases. */
  #strikeAny(points: readonly CrashPoint[], inThousand: number): Action | undefined {
    for (const victim of this.#world.schedule.ready) {
      const point = points.find((each) => each === `${victim.kind}, ${victim.next?.stage}`);
      if (point && this.#random.inThousand(inThousand)) return this.#die(victim, point);
    }
    return undefined;
  }

  #die(victim: Activity, point: CrashPoint): Action {
    this.#kill(victim.process.name);
    this.#world.count(crash(point));
    this.#world.count('crashes');
    return {
      words: `${victim.process.name} dies: ${victim.words}, ${point}`,
      moment: 'disturbance',
    };
  }

  /** Tenants whose ledgers have lost what was signed. */
  get #diverged(): string[] {
    const { tenants, copies } = this.#world;
    return tenants.filter((tenant) => copies.hasDiverged(this.#world, tenant));
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

  /** Nothing runs for a week. */
  #beDown(): Action {
    this.#killEach();
    this.#world.clock.now += 7 * DAY;
    this.#world.count('weeks of downtime');
    return { words: 'everything is down for a week', moment: 'disturbance' };
  }

  #copy(): Action | undefined {
    const world = this.#world;
    const tenantId = this.#random.pick(world.tenants);
    // Mostly it gets old, so that signed entries are lost when it is put back.
    const keepsOld = world.copies.has(tenantId) && this.#random.inThousand(700);
    if (keepsOld || this.#diverged.includes(tenantId)) return undefined;
    world.count('copies');
    return {
      words: `a copy is taken of ${tenantIn(world, tenantId)}`,
      moment: undefined,
      afterwards: () => world.copies.take(world, tenantId),
    };
  }

  /** A tenant is what it was when its copy was taken; nothing runs meanwhile. */
  #putBack(): Action | undefined {
    const world = this.#world;
    const isAny = this.#random.inThousand(100);
    const copied = world.tenants.filter((tenant) =>
      isAny ? world.copies.has(tenant) : world.copies.isOld(world, tenant),
    );
    if (copied.length === 0) return undefined;
    const tenantId = this.#random.pick(copied);
    this.#killEach();
    return {
      words: `everything is down, and the copy of ${tenantIn(world, tenantId)} is put back`,
      moment: 'disturbance',
      afterwards: () => world.copies.putBack(world, tenantId),
    };
  }

  #killEach(): void {
    for (const name of [...SERVERS, ...WORKERS]) this.#kill(name);
  }
}

/** What a server that is alive is asked; nothing where none is, or nobody wants anything. */
function asked(
  server: SimulatedProcess | undefined,
  send: (by: SimulatedProcess) => string | undefined,
): Action | undefined {
  const words = server && send(server);
  return words === undefined ? undefined : { words, moment: undefined };
}
