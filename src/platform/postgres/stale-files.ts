import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { ClusterLocation } from './cluster-location.ts';
import { processState, readPostmasterFile } from './postmaster.ts';
import { PrivatePostgresError } from './private-postgres-error.ts';

/**
 * Removes what a dead postmaster left behind and PostgreSQL would take for a running one: it asks
 * only whether a process of that number exists, which is also so when the number has gone to some
 * other process, or when nobody waited for the dead one (a zombie, as in containers without an
 * init). The caller holds the start lock and has found that no postmaster runs.
 *
 * A `postmaster.pid` whose number no process has stays: by it PostgreSQL also checks that no
 * orphan of the dead server uses the shared memory still. (Without it, it does so by the inode of
 * the cluster's folder.)
 *
 * @throws PrivatePostgresError when a server answers all the same: it runs in another container
 * that has the same folder mounted, and two servers on one cluster would destroy it.
 */
export async function removeStaleFiles(location: ClusterLocation): Promise<void> {
  const names = readdirSync(location.socketDir).filter((name) => name.startsWith('.s.PGSQL.'));
  const sockets = names.map((name) => join(location.socketDir, name));
  for (const path of sockets) {
    if (!path.endsWith('.lock') && (await answers(path))) throw runsElsewhere(location);
  }
  const file = readPostmasterFile(location.clusterDir);
  if (file && processState(file.pid)) rmSync(join(location.clusterDir, 'postmaster.pid'));
  for (const path of sockets) rmSync(path, { force: true });
}

async function answers(path: string): Promise<boolean> {
  const socket = connect({ path });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function runsElsewhere(location: ClusterLocation): PrivatePostgresError {
  return new PrivatePostgresError(
    `A PostgreSQL that cannot be seen from here, probably in another container, is using ` +
      `${location.clusterDir}. Stop it first, or give this Lapse a LAPSE_DATA of its own.`,
  );
}
