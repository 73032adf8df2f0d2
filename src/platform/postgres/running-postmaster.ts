import { setTimeout as delay } from 'node:timers/promises';
import { findPostmaster, type PostmasterFile } from './postmaster.ts';
import { PrivatePostgresError } from './private-postgres-error.ts';

const POLL_MS = 20;
const LONGEST_WAIT_MS = 15 * 60_000;

/**
 * The cluster's postmaster, ready for connections, or `undefined` when none runs. One that is just
 * starting or recovering is waited for; one that is shutting down is waited out.
 *
 * @throws PrivatePostgresError when it is neither ready nor gone after fifteen minutes.
 */
export async function findRunningPostmaster(
  clusterDir: string,
  progress: (text: string) => void,
): Promise<PostmasterFile | undefined> {
  const deadline = Date.now() + LONGEST_WAIT_MS;
  let told = false;
  for (;;) {
    const file = findPostmaster(clusterDir);
    if (!file || file.status === 'ready') return file;
    if (Date.now() > deadline) throw stuck(file);
    if (!told) progress(`Waiting for the PostgreSQL that is ${file.status || 'starting'} already`);
    told = true;
    await delay(POLL_MS);
  }
}

/** How long a postmaster that takes no connection is given to be gone. */
const LAST_MOMENTS_MS = 3_000;

/** Whether a postmaster that was there ends just now. */
export async function isEnding(clusterDir: string, pid: number): Promise<boolean> {
  const deadline = Date.now() + LAST_MOMENTS_MS;
  while (findPostmaster(clusterDir)?.pid === pid) {
    if (Date.now() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}

function stuck(file: PostmasterFile): PrivatePostgresError {
  return new PrivatePostgresError(
    `The private PostgreSQL (process ${file.pid}) has been ${file.status || 'starting'} for fifteen ` +
      'minutes. Look at its log, stop it (kill -INT), and start Lapse again.',
  );
}
