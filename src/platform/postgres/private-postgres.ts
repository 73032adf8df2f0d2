import { resolve } from 'node:path';
import { findBinaries } from './binaries.ts';
import { locateCluster, makeDataFolder, SYSTEM_FOLDER } from './cluster-location.ts';
import { getPassword } from './cluster-record.ts';
import { ensureCluster } from './ensure-cluster.ts';
import { type Connection, openDatabase } from './open-database.ts';
import { PrivatePostgresError, reasonOf } from './private-postgres-error.ts';
import { findRunningPostmaster, isEnding } from './running-postmaster.ts';
import { removeOutsideSocketFolder } from './socket-folder.ts';
import { takeStartLock } from './start-lock.ts';
import { startPostmaster } from './start-postmaster.ts';
import { stopPostmaster } from './stop-postmaster.ts';

/** A running private PostgreSQL. It outlives this process unless `stop` is called. */
export interface PrivatePostgres {
  /** As superuser; `host` is the folder of the unix socket. */
  readonly connection: Connection;
  /** It was running already; another process started it, and may still be using it. */
  readonly adopted: boolean;
  readonly systemIdentifier: string;
  /** Fast shutdown, an adopted server's too; resolves when the postmaster is gone. */
  stop(): Promise<void>;
}

/** What {@link startPrivatePostgres} needs. */
export interface PrivatePostgresOptions {
  /** Lapse's data folder, such as `.lapse`; created when missing. */
  readonly dataDir: string;
  /** Told in short sentences what takes long. */
  readonly progress?: (text: string) => void;
  /** PostgreSQL settings over ours; they apply when this call starts the server. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * Brings up the private PostgreSQL of a data folder: creates the cluster on the first call, adopts
 * the server if one runs, starts it otherwise (recovering from a crash), and makes sure that the
 * database `lapse` exists. Safe to call from several processes at once: one does the work.
 *
 * @throws PrivatePostgresError with what is wrong and what to do.
 */
export async function startPrivatePostgres(
  options: PrivatePostgresOptions,
): Promise<PrivatePostgres> {
  const dataDir = resolve(options.dataDir);
  const release = await prepared(dataDir);
  try {
    return await start(dataDir, options.settings ?? {}, options.progress ?? (() => {}));
  } catch (error) {
    throw asPrivatePostgresError(error, dataDir);
  } finally {
    await release();
  }
}

async function prepared(dataDir: string): Promise<() => Promise<void>> {
  try {
    makeDataFolder(dataDir);
    return await takeStartLock(dataDir);
  } catch (error) {
    throw asPrivatePostgresError(error, dataDir);
  }
}

async function start(
  dataDir: string,
  settings: Readonly<Record<string, string>>,
  progress: (text: string) => void,
): Promise<PrivatePostgres> {
  const location = locateCluster(dataDir, progress);
  const binaries = await findBinaries(location.account, location.account ? SYSTEM_FOLDER : dataDir);
  const control = await ensureCluster(location, binaries, settings, progress);
  const running = await findRunningPostmaster(location.clusterDir, progress);
  if (!running) {
    const starting = 'Starting the private PostgreSQL';
    progress(control.shutDownCleanly ? starting : `${starting}, recovering from a hard stop`);
  }
  const server = running ?? (await startPostmaster(location, binaries, settings, progress));
  let connection: Connection;
  try {
    connection = await openDatabase({
      host: server.socketDir,
      port: server.port,
      password: getPassword(dataDir),
      systemIdentifier: control.systemIdentifier,
    });
  } catch (error) {
    // One that was killed at this moment still looked as if it ran.
    if (!running || !(await isEnding(location.clusterDir, running.pid))) throw error;
    return start(dataDir, settings, progress);
  }
  return {
    connection,
    adopted: running !== undefined,
    systemIdentifier: control.systemIdentifier,
    async stop() {
      await stopPostmaster(server.pid, location.clusterDir);
      removeOutsideSocketFolder(location);
    },
  };
}

function asPrivatePostgresError(error: unknown, dataDir: string): PrivatePostgresError {
  if (error instanceof PrivatePostgresError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  const advice =
    code === 'EACCES' || code === 'EPERM'
      ? 'Run Lapse as the user that the folder belongs to, or set LAPSE_DATA to one of your own.'
      : 'Set LAPSE_DATA to a folder on a local disk, or DATABASE_URL to a server of your own.';
  return new PrivatePostgresError(
    `The private PostgreSQL in ${dataDir} cannot be used (${reasonOf(error)}). ${advice}`,
    { cause: error },
  );
}
