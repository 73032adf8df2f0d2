import type { Logger } from 'pino';

/** One kind of work that time brings about, in batches. */
export interface DueWork {
  readonly name: string;
  /**
   * Does at most one batch of what is due and answers how many rows that were; 0 means that nothing
   * is due. What fails stays due: the next pass takes it up again.
   */
  runBatch(): Promise<number>;
}

/** Largest batch of rows that one transaction claims (DESIGN section 2, "Time-driven work"). */
export const BATCH_SIZE = 500;

/** How long to wait between passes when nothing wakes the loop, in milliseconds of real time. */
const INTERVAL = 500;
/** After a pass that failed, so that a database that is down is not hammered. */
const PAUSE_AFTER_FAILURE = 2_000;

/**
 * The one loop of a worker. It is level-triggered: every pass asks what is due now, so a crash, a
 * missed wake-up or a week of downtime is caught up by the next pass. Each kind of work has a lane
 * of its own: a ledger that is far behind must not keep a deadline waiting.
 */
export class DueLoop {
  readonly #lanes: readonly Lane[];

  constructor(works: readonly DueWork[], log: Logger) {
    this.#lanes = works.map((work) => new Lane(work, log));
  }

  start(): void {
    for (const lane of this.#lanes) lane.start();
  }

  /** Hints that something may be due; losing a hint costs at most one interval. */
  wake(): void {
    for (const lane of this.#lanes) lane.wake();
  }

  /** Does everything that is due now, and what becomes due by doing it; throws what a kind throws. */
  async settle(): Promise<void> {
    for (let did = true; did; ) {
      did = false;
      for (const lane of this.#lanes) did = (await lane.drain()) || did;
    }
  }

  /** Ends after the batches that are under way; nothing is left half done. */
  async stop(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.stop()));
  }
}

class Lane {
  readonly #work: DueWork;
  readonly #log: Logger;
  #stopped = false;
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(work: DueWork, log: Logger) {
    this.#work = work;
    this.#log = log;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  wake(): void {
    this.#wake?.();
  }

  /** Runs batches until nothing is due; answers whether any row was done. */
  async drain(): Promise<boolean> {
    let did = false;
    while ((await this.#runBatch()) > 0) did = true;
    return did;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.wake();
    await this.#running;
    await this.#last;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      let pause = INTERVAL;
      try {
        // A batch that was not full has left nothing due: going on at once would make ever smaller
        // ones, each at the cost of a whole transaction.
        if ((await this.#runBatch()) >= BATCH_SIZE) pause = 0;
      } catch (error) {
        pause = PAUSE_AFTER_FAILURE;
        this.#log.error({ err: error, work: this.#work.name }, 'due work failed; it stays due');
      }
      if (pause > 0 && !this.#stopped) await this.#sleep(pause);
    }
  }

  /** One batch at a time in a process: `settle` must not answer while the loop is in one. */
  #runBatch(): Promise<number> {
    const next = this.#last.then(() => this.#work.runBatch());
    this.#last = next.catch(() => {});
    return next;
  }

  #sleep(millis: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, millis);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
