import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Binaries } from './binaries.ts';
import type { ClusterLocation } from './cluster-location.ts';
import { makeServerFolder } from './private-folder.ts';
import { runInitdb } from './run-initdb.ts';

const UNFINISHED = 'cluster.unfinished-';

/**
 * Creates the cluster in a temporary folder and renames it to its place, so that a crash on the
 * way leaves nothing that looks like a cluster. The caller holds the start lock.
 *
 * @throws PrivatePostgresError with what initdb said.
 */
export async function initialiseCluster(
  location: ClusterLocation,
  binaries: Binaries,
  password: string,
  durable: boolean,
): Promise<void> {
  removeUnfinished(location);
  // A name of its own: the initdb of a starter that was killed may still be writing to the last.
  const unfinished = join(location.folder, `${UNFINISHED}${randomBytes(4).toString('hex')}`);
  const passwordFile = join(location.folder, 'initdb-password');
  makeServerFolder(unfinished, location.account);
  writePasswordFile(passwordFile, password, location);
  try {
    await runInitdb(binaries, unfinished, passwordFile, location, durable);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(unfinished, location.clusterDir);
  if (durable) syncFolder(location.folder);
}

function removeUnfinished(location: ClusterLocation): void {
  for (const name of readdirSync(location.folder).filter((each) => each.startsWith(UNFINISHED))) {
    rmSync(join(location.folder, name), { recursive: true, force: true, maxRetries: 10 });
  }
}

function writePasswordFile(path: string, password: string, location: ClusterLocation): void {
  rmSync(path, { force: true });
  writeFileSync(path, `${password}\n`, { mode: 0o600, flag: 'wx' });
  if (location.account) chownSync(path, location.account.uid, location.account.gid);
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
