import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Rewriting } from '../connectors/azure/azure-client.ts';
import { FakeCloud } from '../connectors/azure/fake/fake-cloud.ts';
import { serveFakeCloud } from '../connectors/azure/fake/serve-fake-cloud.ts';

/** The cloud of the demonstration, as it runs beside the server. */
export interface SimulatedCloud {
  readonly cloud: FakeCloud;
  /** Sends requests that are for Azure to where it listens. */
  readonly rewrite: Rewriting;
  /** Keeps what it holds in its file, and ends it. */
  close(): Promise<void>;
}

/** How often what has changed is kept, in milliseconds. */
const KEPT_EVERY = 1_000;

/**
 * Starts the simulated cloud of a data folder with what it held when it ended last; `undefined` where
 * there is none and none is wanted.
 */
export async function startSimulatedCloud(
  dataDir: string,
  isWanted: boolean,
): Promise<SimulatedCloud | undefined> {
  const file = join(dataDir, 'simulated-cloud.json');
  const known = await readIfThere(file);
  if (known === undefined && !isWanted) return undefined;
  const cloud = new FakeCloud();
  if (known !== undefined) cloud.store.load(JSON.parse(known));
  const served = await serveFakeCloud(cloud);
  let kept = known ?? '';
  const keep = async () => {
    const text = JSON.stringify(cloud.store.dump());
    if (text === kept) return;
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    // Whole or not at all, whenever the server is stopped.
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await rename(`${file}.new`, file);
    kept = text;
  };
  let keeping = Promise.resolve();
  const timer = setInterval(() => {
    keeping = keeping.then(keep).catch(() => {});
  }, KEPT_EVERY);
  timer.unref();
  return {
    cloud,
    rewrite: served.rewrite,
    async close() {
      clearInterval(timer);
      await keeping;
      await keep();
      await served.close();
    },
  };
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
