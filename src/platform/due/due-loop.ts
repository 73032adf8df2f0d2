import type { Logger } from 'pino';
import { recordSpan } from '../telemetry/tracing.ts';

/** One kind of work that time brings about, in batches. */
export interface DueWork {
  readonly name: string;
  /**
   * Does at most one batch of what is due and answers how many rows that were; 0 means that nothing
   * is due. What fails stays due: the next pass takes it up again.
   */
  runBatch(): Promise<number>;
  /** The loop ends: a batch that waits for somebody else gives up soon, and what it gives up stays due. */
  stop?(): void;
  /** Ends once nothing that batches have begun is under way any more; asked after the last batch. */
  drained?(): Promise<void>;
}

/** Due work that can tell how much of it there is. */
export interface MeasuredWork extends DueWork {
  /** What is due at this moment and not done, whoever is at it. */
  backlog(): Promise<Backlog>;
}

/** How much of one kind of work is due. */
export interface Backlog {
  /** Rows whose time has come. */
  readonly waiting: number;
  /** How long the oldest of them has been due; 0 where none is. */
  readonly latenessSeconds: number;
}

/** Is told what becomes of each kind's batches. */
export interface DueLoopObserver {
  /** The loop has this kind of work. */
  began(kind: string): void;
  /** A batch that had rows. */
  batchDone(kind: string, rows: number, seconds: number): void;
  batchFailed(kind: string): void;
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

  constructor(works: readonly DueWork[], log: Logger, observer: DueLoopObserver = UNOBSERVED) {
    this.#lanes = works.map((work) => new Lane(work, log, observer));
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

const UNOBSERVED: DueLoopObserver = { began() {}, batchDone() {}, batchFailed() {} };

class Lane {
  readonly #work: DueWork;
  readonly #log: Logger;
  readonly #observer: DueLoopObserver;
  #stopped = false;
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(work: DueWork, log: Logger, observer: DueLoopObserver) {
    this.#work = work;
    this.#log = log;
    this.#observer = observer;
    observer.began(work.name);
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
    this.#work.stop?.();
    this.wake();
    await this.#running;
    await this.#last;
    await this.#work.drained?.();
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
    const next = this.#last.then(() => this.#observed());
    this.#last = next.catch(() => {});
    return next;
  }

  async #observed(): Promise<number> {
    const { name } = this.#work;
    const [startedAt, began] = [Date.now(), performance.now()];
    try {
      const rows = await this.#work.runBatch();
      if (rows > 0) {
        this.#observer.batchDone(name, rows, (performance.now() - began) / 1_000);
        recordSpan(`due ${name}`, startedAt, { 'lapse.due.rows': rows });
      }
      return rows;
    } catch (error) {
      this.#observer.batchFailed(name);
      throw error;
    }
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
