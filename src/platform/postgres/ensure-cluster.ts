import { existsSync } from 'node:fs';
import type { Binaries } from './binaries.ts';
import type { ClusterLocation } from './cluster-location.ts';
import { ensurePassword, writeClusterRecord } from './cluster-record.ts';
import { type ControlFile, readControlFile } from './control-file.ts';
import { initialiseCluster } from './initialise.ts';
import { PrivatePostgresError } from './private-postgres-error.ts';

/**
 * Creates the cluster if it does not exist, and makes sure that it is the recorded one and that
 * the programs can open it. The caller holds the start lock.
 *
 * @throws PrivatePostgresError for another cluster or another major version of PostgreSQL.
 */
export async function ensureCluster(
  location: ClusterLocation,
  binaries: Binaries,
  settings: Readonly<Record<string, string>>,
  progress: (text: string) => void,
): Promise<ControlFile> {
  if (!existsSync(location.clusterDir)) {
    progress(`Creating the private database in ${location.folder}`);
    const password = ensurePassword(location.dataDir);
    await initialiseCluster(location, binaries, password, settings.fsync !== 'off');
  }
  const control = readControlFile(location.clusterDir);
  assertSameMajorVersion(control, binaries, location);
  const { record } = location;
  const recorded = record.systemIdentifier ?? control.systemIdentifier;
  if (recorded !== control.systemIdentifier) {
    throw new PrivatePostgresError(
      `The database in ${location.clusterDir} is not the one this data folder was made with (it is ` +
        `${control.systemIdentifier}, recorded is ${recorded}). Put the right one back.`,
    );
  }
  if (!record.systemIdentifier) {
    writeClusterRecord(location.dataDir, { ...record, systemIdentifier: recorded });
  }
  return control;
}

function assertSameMajorVersion(
  control: ControlFile,
  binaries: Binaries,
  location: ClusterLocation,
): void {
  if (control.majorVersion === binaries.majorVersion) return;
  throw new PrivatePostgresError(
    `The database in ${location.clusterDir} was made by PostgreSQL ${control.majorVersion}, and this ` +
      `Lapse brings PostgreSQL ${binaries.majorVersion}, which cannot open it. With the earlier ` +
      'Lapse run "lapse backup", then with this one "lapse restore" into an empty data folder.',
  );
}
