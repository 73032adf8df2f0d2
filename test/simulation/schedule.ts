/** What a process was doing when it was stopped: code of it that runs on finds itself dead. */
export class ProcessDied extends Error {
  constructor() {
    super('the process is dead');
  }
}

/** Where an activity stands between two steps. */
export type Stage =
  | 'in a transaction'
  | 'before a commit'
  | 'after a commit'
  | 'between transactions'
  | 'before reading the checkpoint outside'
  | 'before keeping a checkpoint outside'
  | 'while writing a checkpoint outside'
  | 'while replacing a checkpoint outside'
  | 'after keeping a checkpoint outside'
  | 'before a call'
  | 'after a call';

/** What an activity is about. */
export type Kind =
  | 'command'
  | 'epoch'
  | 'proof'
  | 'deadlines'
  | 'ledger'
  | 'counts'
  | 'grants'
  | 'housekeeping';

/** What is locked, and behind which waits for locks a step stands: its own one, mostly. */
export interface Lock {
  readonly name: string;
  readonly behind: readonly string[];
}

/** An activity that waits for its next step to be allowed. */
export interface Waiting {
  readonly stage: Stage;
  /** What the step does, in words; no ids, which differ from run to run. */
  readonly words: string;
  /** What is locked that the step may have to wait for: a record, mostly. */
  readonly lock: Lock | undefined;
  readonly go: () => void;
  readonly die: () => void;
}

/** An operating-system process of the product, as far as its death is concerned. */
export class SimulatedProcess {
  readonly name: string;
  readonly activities = new Set<Activity>();
  alive = true;

  constructor(name: string) {
    this.name = name;
  }

  /** Ends it here and now: nothing that it has begun takes another step. */
  die(): void {
    this.alive = false;
    for (const activity of this.activities) activity.die();
  }
}

/**
 * One line of execution inside a process: a request, or a lane of the due-work loop. It takes a step
 * when the schedule lets it, and none by itself, so that concurrency is an interleaving of steps.
 */
export class Activity {
  readonly process: SimulatedProcess;
  readonly kind: Kind;
  readonly words: string;
  readonly #waiting: Waiting[] = [];
  readonly #schedule: Schedule;
  #steps = 0;
  #lock: string | undefined;

  constructor(schedule: Schedule, process: SimulatedProcess, kind: Kind, words: string) {
    this.process = process;
    this.kind = kind;
    this.words = words;
    this.#schedule = schedule;
  }

  /** The step that it waits to take; undefined while one is under way. */
  get next(): Waiting | undefined {
    return this.#steps === 0 ? this.#waiting[0] : undefined;
  }

  /** The record whose lock the step that is under way may be waiting for. */
  get lock(): string | undefined {
    return this.isBusy ? this.#lock : undefined;
  }

  /** Whether a step is under way: it ends, or waits for a lock that another one holds. */
  get isBusy(): boolean {
    return this.#steps > 0;
  }

  /** Runs code whose every effect passes through `reach` and `step`. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#schedule.underWay.add(this);
    this.process.activities.add(this);
    try {
      return await work();
    } finally {
      this.#schedule.underWay.delete(this);
      this.process.activities.delete(this);
      this.#schedule.noteChange();
    }
  }

  /** Waits until the schedule lets it go on; rejects where its process dies instead. */
  reach(stage: Stage, words: string, lock?: Lock): Promise<void> {
    if (!this.process.alive) return Promise.reject(new ProcessDied());
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      };
      const waiting: Waiting = {
        stage,
        words,
        lock,
        go: () => {
          leave();
          this.#lock = lock?.name;
          resolve();
        },
        die: () => {
          leave();
          reject(new ProcessDied());
        },
      };
      this.#waiting.push(waiting);
      this.#schedule.noteChange();
    });
  }

  /** Says that a step is under way; `end` that it has ended. */
  begin(): void {
    this.#steps += 1;
  }

  end(): void {
    this.#steps -= 1;
    this.#schedule.noteChange();
  }

  /** Takes a step; whoever has died meanwhile does not learn how it went. */
  async step<T>(work: () => Promise<T>): Promise<T> {
    this.begin();
    const [ended] = await Promise.allSettled([work()]);
    this.end();
    if (!this.process.alive) throw new ProcessDied();
    if (ended.status === 'rejected') throw ended.reason;
    return ended.value;
  }

  die(): void {
    for (const waiting of [...this.#waiting]) waiting.die();
  }
}

/** Before the timers that the simulation holds: this is real time. */
const realTimeout = setTimeout;
const realClear = clearTimeout;

/** A step that takes longer than this, in milliseconds, may be waiting for a lock; so it is asked about. */
const PATIENCE = 3;

/** All activities, and the wait until none of them can go on by itself. */
export class Schedule {
  /** What has begun and not ended, in the order in which it began. */
  readonly underWay = new Set<Activity>();
  readonly #countBlocked: () => Promise<number>;
  #wake: (() => void) | undefined;
  #changes = 0;

  /** `countBlocked` tells how many of the database's connections wait for a lock. */
  constructor(countBlocked: () => Promise<number>) {
    this.#countBlocked = countBlocked;
  }

  noteChange(): void {
    this.#changes += 1;
    this.#wake?.();
  }

  /**
   * Those that can take a step. For a record's lock one waits at most: when its holder has changed
   * the row, PostgreSQL does not say which of several waiters is next.
   */
  get ready(): Activity[] {
    const sought = new Set([...this.underWay].map(({ lock }) => lock));
    return this.#waiting.filter(({ next }) => !next?.lock?.behind.some((name) => sought.has(name)));
  }

  get #waiting(): Activity[] {
    return [...this.underWay].filter(({ next }) => next);
  }

  /** Those whose step waits for a lock; meaningful once `settle` has resolved. */
  get blocked(): Activity[] {
    return [...this.underWay].filter((activity) => activity.isBusy);
  }

  /**
   * Resolves when every activity waits: for the schedule, or for a lock that another one holds. What
   * is decided then depends on the steps taken alone, never on how fast they were.
   */
  async settle(): Promise<void> {
    for (let patience = PATIENCE; ; ) {
      await new Promise((resolve) => setImmediate(resolve));
      const busy = this.blocked.length;
      const computing = this.underWay.size - busy - this.#waiting.length;
      if (busy + computing === 0) return;
      if (await this.#change(patience)) continue;
      patience *= 2;
      if (computing === 0 && (await this.#areBlocked(busy))) return;
    }
  }

  /** Whether so many steps wait for locks, and so did all the while that PostgreSQL was asked. */
  async #areBlocked(busy: number): Promise<boolean> {
    const changes = this.#changes;
    return (await this.#countBlocked()) === busy && this.#changes === changes;
  }

  /** Waits for a change, so long at most; answers whether there was one. */
  #change(millis: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = realTimeout(() => done(false), millis);
      const done = (changed: boolean) => {
        realClear(timer);
        this.#wake = undefined;
        resolve(changed);
      };
      this.#wake = () => done(true);
    });
  }
}
