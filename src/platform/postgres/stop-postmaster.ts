import { setTimeout as delay } from 'node:timers/promises';
import { isPostmasterOf } from './postmaster.ts';
import { PrivatePostgresError, reasonOf } from './private-postgres-error.ts';

const POLL_MS = 20;
/** A fast shutdown writes a checkpoint: seconds, minutes on a slow disk after a large import. */
const LONGEST_SHUTDOWN_MS = 5 * 60_000;

/**
 * Fast shutdown: open transactions are rolled back, a checkpoint is written. Resolves when the
 * postmaster is gone, at once if it is gone already.
 *
 * @throws PrivatePostgresError when it may not be signalled or has not ended in five minutes; it
 * is never killed, since that would cost the next start a recovery.
 */
export async function stopPostmaster(pid: number, clusterDir: string): Promise<void> {
  const deadline = Date.now() + LONGEST_SHUTDOWN_MS;
  // Asked anew each time: the number could meanwhile be another process's.
  if (!isPostmasterOf(pid, clusterDir)) return;
  signal(pid, clusterDir);
  while (isPostmasterOf(pid, clusterDir)) {
    if (Date.now() > deadline) {
      throw new PrivatePostgresError(
        `The private PostgreSQL (process ${pid}) has not shut down within five minutes. It goes on ` +
          'trying; its log says more. Start Lapse again once it is gone.',
      );
    }
    await delay(POLL_MS);
  }
}

function signal(pid: number, clusterDir: string): void {
  try {
    process.kill(pid, 'SIGINT');
  } catch (error) {
    if (!isPostmasterOf(pid, clusterDir)) return;
    throw new PrivatePostgresError(
      `The private PostgreSQL (process ${pid}) cannot be stopped by this user ` +
        `(${reasonOf(error)}). Stop it as the user that started it.`,
      { cause: error },
    );
  }
}
