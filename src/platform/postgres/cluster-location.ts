import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import {
  type ClusterRecord,
  findClusterRecord,
  newClusterRecord,
  writeClusterRecord,
} from './cluster-record.ts';
import { makePassageFolder } from './private-folder.ts';
import { PrivatePostgresError } from './private-postgres-error.ts';
import { canEnter } from './reachable.ts';
import { chooseServerAccount, type ServerAccount } from './server-account.ts';
import { socketFolder } from './socket-folder.ts';

/** Where root puts what the server's account cannot reach in its place (a 0700 home). */
export const SYSTEM_FOLDER = '/var/lib/lapse';

/** Where one private cluster and all that belongs to it lies. */
export interface ClusterLocation {
  readonly dataDir: string;
  readonly record: ClusterRecord;
  readonly account: ServerAccount | undefined;
  /** Ours; holds the rest, which is the server account's. */
  readonly folder: string;
  /** PGDATA. Exists once initialised, and only then. */
  readonly clusterDir: string;
  readonly logDir: string;
  readonly socketDir: string;
}

/** Creates the data folder; root lets the server's account pass through, nobody else. */
export function makeDataFolder(dataDir: string): void {
  if (existsSync(dataDir)) return;
  mkdirSync(dirname(dataDir), { recursive: true });
  makePassageFolder(dataDir, chooseServerAccount());
}

/**
 * Finds the recorded cluster of the data folder, or decides where a new one goes and records that
 * before anything is created. The caller holds the start lock.
 *
 * @throws PrivatePostgresError when the recorded cluster is gone or out of the account's reach.
 */
export function locateCluster(
  dataDir: string,
  progress: (text: string) => void = () => {},
): ClusterLocation {
  const found = findClusterRecord(dataDir);
  const existing = found && join(resolve(dataDir, found.folder), 'cluster');
  const account = chooseServerAccount(existing);
  if (found?.systemIdentifier && existing && !existsSync(existing)) {
    throw new PrivatePostgresError(
      `The private database of ${dataDir} should lie in ${existing}, but it is not there. Put it ` +
        `back, or restore a backup; to begin with an empty database, delete ${dataDir} first.`,
    );
  }
  const record = found ?? recordNewCluster(dataDir, account, progress);
  const folder = resolve(dataDir, record.folder);
  makePassageFolder(folder, account);
  if (!canEnter(account, folder)) {
    throw new PrivatePostgresError(
      `PostgreSQL runs as ${account?.name}, which cannot reach ${folder}. Let it pass through the ` +
        'folders above (chmod o+x), or set LAPSE_DATA to a place it can reach.',
    );
  }
  return {
    dataDir,
    record,
    account,
    folder,
    clusterDir: join(folder, 'cluster'),
    logDir: join(folder, 'log'),
    socketDir: socketFolder(folder, record.id),
  };
}

function recordNewCluster(
  dataDir: string,
  account: ServerAccount | undefined,
  progress: (text: string) => void,
): ClusterRecord {
  if (canEnter(account, dataDir)) {
    const record = newClusterRecord(() => relative(dataDir, join(dataDir, 'postgres')));
    writeClusterRecord(dataDir, record);
    return record;
  }
  const prefix = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  mkdirSync(SYSTEM_FOLDER, { recursive: true, mode: 0o755 });
  const record = newClusterRecord((id) => join(SYSTEM_FOLDER, `${prefix}-${id}`));
  writeClusterRecord(dataDir, record);
  progress(`${account?.name} cannot reach ${dataDir}; the database goes to ${record.folder}`);
  const older = readdirSync(SYSTEM_FOLDER).filter((name) => name.startsWith(`${prefix}-`));
  for (const name of older.filter((each) => each !== basename(record.folder))) {
    progress(`${join(SYSTEM_FOLDER, name)} is of an earlier ${dataDir}; delete it if unneeded`);
  }
  return record;
}
