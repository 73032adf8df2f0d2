import { EXIT } from './command-failure.ts';

/** Ctrl-C, or the word of a supervisor. */
export interface StopSignal {
  readonly given: Promise<void>;
  readonly isGiven: boolean;
}

/** Waits for SIGINT or SIGTERM from now on; a second one does not wait for the drain. */
export function stopSignal(): StopSignal {
  let isGiven = false;
  const given = new Promise<void>((resolve) => {
    const onSignal = () => {
      if (isGiven) process.exit(EXIT.stopped);
      isGiven = true;
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
  return {
    given,
    get isGiven() {
      return isGiven;
    },
  };
}

/** Aborted by the first of them, for work that ends by itself; a second one does not wait for that. */
export function abortSignal(): AbortSignal {
  const abort = new AbortController();
  stopSignal().given.then(() => abort.abort());
  return abort.signal;
}
