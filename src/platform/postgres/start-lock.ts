import { once } from 'node:events';
import { statSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { PrivatePostgresError } from './private-postgres-error.ts';

/** Initialising takes seconds; recovery after a crash may take minutes. */
const LONGEST_WAIT_MS = 20 * 60_000;

/**
 * Lets one process at a time prepare and start the cluster of a data folder; others wait. The
 * lock is a listener on an abstract unix socket named for the folder's inode: the kernel frees it
 * the moment its holder dies, so there is no stale lock file to judge, and who waits is connected
 * to the holder and wakes when the connection breaks.
 *
 * @returns the function that releases the lock.
 * @throws PrivatePostgresError after twenty minutes.
 */
export async function takeStartLock(dataDir: string): Promise<() => Promise<void>> {
  const { dev, ino } = statSync(dataDir);
  const path = `\0lapse-start-${dev}-${ino}`;
  const deadline = Date.now() + LONGEST_WAIT_MS;
  while (Date.now() < deadline) {
    const release = await tryListen(path);
    if (release) return release;
    await untilReleased(path, deadline - Date.now());
  }
  throw new PrivatePostgresError(
    `Another process has been starting the private database in ${dataDir} for twenty minutes. ` +
      'Stop that process and start again.',
  );
}

async function tryListen(path: string): Promise<(() => Promise<void>) | undefined> {
  const waiting = new Set<Socket>();
  const server = createServer((socket) => {
    waiting.add(socket);
    socket.on('error', () => {}).on('close', () => waiting.delete(socket));
  });
  server.listen({ path, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
  return () => close(server, waiting);
}

async function close(server: Server, waiting: Set<Socket>): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  for (const socket of waiting) socket.destroy();
  await closed;
}

async function untilReleased(path: string, milliseconds: number): Promise<void> {
  const socket = connect({ path });
  const timer = setTimeout(() => socket.destroy(), milliseconds);
  await new Promise<void>((resolve) => {
    socket.on('error', () => {}).on('close', () => resolve());
  });
  clearTimeout(timer);
  // A holder that is just closing refuses the connection at once; do not spin on it.
  await delay(10);
}
