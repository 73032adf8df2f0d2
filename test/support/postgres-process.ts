import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { PrivatePostgres } from '../../src/platform/postgres/private-postgres.ts';

/** What the child process says of the server that it started or adopted. */
export type StartedServer = Omit<PrivatePostgres, 'stop'>;

/** Another process that starts the private PostgreSQL. */
export interface Starter {
  readonly process: ChildProcess;
  /** Rejects with the child's standard error if it ends without a server. */
  readonly started: Promise<StartedServer>;
}

const SCRIPT = fileURLToPath(new URL('postgres-child.ts', import.meta.url));

/** Starts the private PostgreSQL from another process, which is killed when the test ends. */
export function spawnStarter(
  dataDir: string,
  account: { uid?: number; gid?: number } = {},
): Starter {
  const child = spawn(process.execPath, [SCRIPT, dataDir], { ...account, stdio: 'pipe' });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  const started = new Promise<StartedServer>((resolve, reject) => {
    createInterface(child.stdout).once('line', (line) => resolve(JSON.parse(line)));
    child.once('close', () => reject(new Error(`The child ended without a server:\n${errors}`)));
  });
  started.catch(() => {});
  return { process: child, started };
}

/** Ends the child the hard way and waits until it is gone. */
export async function killHard(starter: Starter): Promise<void> {
  const exited = once(starter.process, 'exit');
  starter.process.kill('SIGKILL');
  await exited;
}
