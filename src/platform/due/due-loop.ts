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
 * The one loop of a worker. It is level-triggered: every pass asks each kind of work what is due
 * now, so a crash, a missed wake-up or a week of downtime is caught up by the next pass.
 */
export class DueLoop {
  readonly #works: readonly DueWork[];
  readonly #log: Logger;
  #stopped = false;
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #pass: Promise<unknown> = Promise.resolve();

  constructor(works: readonly DueWork[], log: Logger) {
    this.#works = works;
    this.#log = log;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Hints that something may be due; losing a hint costs at most one interval. */
  wake(): void {
    this.#wake?.();
  }

  /** Does everything that is due now, and what becomes due by doing it; throws what a kind throws. */
  settle(): Promise<void> {
    return this.#exclusively(async () => {
      for (let did = true; did; ) {
        did = false;
        for (const work of this.#works) did = (await drain(work, () => false)) || did;
      }
    });
  }

  /** Ends after the batch that is under way; nothing is left half done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.wake();
    await this.#running;
    await this.#pass;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      let failed = false;
      for (const work of this.#works) {
        try {
          await this.#exclusively(() => drain(work, () => this.#stopped));
        } catch (error) {
          failed = true;
          this.#log.error({ err: error, work: work.name }, 'due work failed; it stays due');
        }
      }
      if (!this.#stopped) await this.#sleep(failed ? PAUSE_AFTER_FAILURE : INTERVAL);
    }
  }

  /** One pass at a time in a process: `settle` must not answer while the loop is in a batch. */
  #exclusively<T>(run: () => Promise<T>): Promise<T> {
    const next = this.#pass.then(run);
    this.#pass = next.catch(() => {});
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

/** Runs batches until nothing is due, or until told to stop; answers whether any row was done. */
async function drain(work: DueWork, stopped: () => boolean): Promise<boolean> {
  let did = false;
  while (!stopped() && (await work.runBatch()) > 0) did = true;
  return did;
}
