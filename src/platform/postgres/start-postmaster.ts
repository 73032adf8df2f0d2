import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Binaries } from './binaries.ts';
import type { ClusterLocation } from './cluster-location.ts';
import { type PostmasterFile, readPostmasterFile } from './postmaster.ts';
import { makeServerFolder } from './private-folder.ts';
import { PrivatePostgresError } from './private-postgres-error.ts';
import { spawnAs } from './server-account.ts';
import { markLogs, readLogsSince, startupLog } from './server-log.ts';
import { SERVER_ENVIRONMENT, serverArguments } from './server-settings.ts';
import { removeStaleFiles } from './stale-files.ts';

const POLL_MS = 20;
const REPORT_EVERY_MS = 5_000;
/** Orphans of a killed postmaster notice its death within seconds; until then it cannot start. */
const ORPHANS_MAY_TAKE_MS = 60_000;

/**
 * Starts the postmaster, detached in a session of its own, and waits until it takes connections,
 * however long recovery may need. The caller holds the start lock and has seen that none runs.
 *
 * @throws PrivatePostgresError with the end of PostgreSQL's log when it does not come up.
 */
export async function startPostmaster(
  location: ClusterLocation,
  binaries: Binaries,
  settings: Readonly<Record<string, string>>,
  progress: (text: string) => void,
): Promise<PostmasterFile> {
  for (const folder of [location.logDir, location.socketDir]) {
    makeServerFolder(folder, location.account);
  }
  const began = Date.now();
  for (;;) {
    await removeStaleFiles(location);
    const marks = markLogs(location);
    const child = spawnDetached(location, binaries, settings);
    const ready = await untilReadyOrExited(child, location, progress);
    if (ready) return ready;
    const log = readLogsSince(location, marks);
    const orphans = log.includes('pre-existing shared memory block');
    if (!orphans || Date.now() - began > ORPHANS_MAY_TAKE_MS) throw failedToStart(location, log);
    progress('Waiting for the last processes of the earlier PostgreSQL to end');
    await delay(500);
  }
}

function spawnDetached(
  location: ClusterLocation,
  binaries: Binaries,
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  const log = openSync(startupLog(location), 'w', 0o600);
  try {
    const child = spawn(binaries.postgres, serverArguments(location, settings), {
      ...spawnAs(location.account),
      cwd: location.folder,
      env: SERVER_ENVIRONMENT,
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

async function untilReadyOrExited(
  child: ChildProcess,
  location: ClusterLocation,
  progress: (text: string) => void,
): Promise<PostmasterFile | undefined> {
  let spawnError: Error | undefined;
  child.on('error', (error) => {
    spawnError = error;
  });
  const began = Date.now();
  let reportAt = began + REPORT_EVERY_MS;
  while (child.exitCode === null && child.signalCode === null) {
    if (spawnError) throw failedToStart(location, spawnError.message);
    const file = readPostmasterFile(location.clusterDir);
    if (file?.pid === child.pid && file?.status === 'ready') return file;
    if (Date.now() > reportAt) {
      progress(`PostgreSQL is still starting (${Math.round((Date.now() - began) / 1000)} s)`);
      reportAt += REPORT_EVERY_MS;
    }
    await delay(POLL_MS);
  }
  return undefined;
}

function failedToStart(location: ClusterLocation, log: string): PrivatePostgresError {
  return new PrivatePostgresError(
    `The private PostgreSQL in ${location.folder} did not start. Its log, in ${location.logDir}, ` +
      `ends:\n${log.trim() || '(nothing)'}`,
  );
}
