import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a process that sends load measured in one go. */
export interface LoadResult {
  readonly count: number;
  readonly seconds: number;
  /** Milliseconds of each piece of work. */
  readonly times: readonly number[];
}

/** A process that sends load when it is told to. */
export interface LoadProcess {
  /** Does so many pieces of work, over all its lanes. */
  run(count: number): Promise<LoadResult>;
  stop(): Promise<void>;
}

/** Starts a script of this folder in a process of its own and waits until it is ready. */
export async function startLoad(script: string, options: unknown): Promise<LoadProcess> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = fork(file, [JSON.stringify(options)]);
  const answer = async () => {
    const failed = once(child, 'exit').then(([code]) => {
      throw new Error(`${script} ended with ${code}`);
    });
    const [message] = await Promise.race([once(child, 'message'), failed]);
    return message as LoadResult;
  };
  await answer();
  return {
    run(count) {
      child.send({ count });
      return answer();
    },
    async stop() {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

/** In the process of a script: does what it is told, each lane one piece after another. */
export function serveLoad(lanes: readonly (() => Promise<void>)[]): void {
  process.on('message', async ({ count }: { count: number }) => {
    const times: number[] = [];
    let left = count;
    const began = performance.now();
    await Promise.all(
      lanes.map(async (once) => {
        while (left > 0) {
          left -= 1;
          const sent = performance.now();
          await once();
          times.push(performance.now() - sent);
        }
      }),
    );
    const result: LoadResult = { count, seconds: (performance.now() - began) / 1000, times };
    process.send?.(result);
  });
  process.send?.('ready');
}

/** The options that `startLoad` has given this process. */
export function loadOptions<Options>(): Options {
  return JSON.parse(process.argv[2] ?? '{}') as Options;
}
