import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { TestRegister } from '../support/test-register.ts';

const SCRIPT = fileURLToPath(new URL('worker-child.ts', import.meta.url));

/** Starts a worker in a process of its own; answers how to kill it. */
export function startWorker(
  { application, worker }: TestRegister,
  folder: string,
  work: 'deadlines' | 'ledger',
): { kill: () => Promise<void> } {
  const options = JSON.stringify({ application, worker, folder, work });
  const child = spawn(process.execPath, [SCRIPT, options], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return {
    async kill() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
