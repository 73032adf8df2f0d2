import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import type { Binaries } from './binaries.ts';
import type { ClusterLocation } from './cluster-location.ts';
import { PrivatePostgresError } from './private-postgres-error.ts';
import { spawnAs } from './server-account.ts';
import { SERVER_ENVIRONMENT } from './server-settings.ts';

const run = promisify(execFile);

/** The cluster's superuser; Lapse's own roles are made by the migrations. */
export const SUPERUSER = 'postgres';

/**
 * Fills the empty folder `clusterDir`. The password goes by a file: a command line can be read by
 * everyone on the machine.
 *
 * @throws PrivatePostgresError with what initdb said.
 */
export async function runInitdb(
  binaries: Binaries,
  clusterDir: string,
  passwordFile: string,
  location: ClusterLocation,
  durable: boolean,
): Promise<void> {
  const options = [
    `--pgdata=${clusterDir}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Built in, hence the same order on every machine and after every upgrade of its C library.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--text-search-config=english',
    '--data-checksums',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ];
  try {
    await run(binaries.initdb, options, {
      ...spawnAs(location.account),
      cwd: location.folder,
      env: SERVER_ENVIRONMENT,
    });
  } catch (error) {
    const output = String((error as { stderr?: string }).stderr ?? '').trim();
    throw new PrivatePostgresError(
      `The private database could not be created in ${location.folder}. ${advice(output)}\n${output}`,
      { cause: error },
    );
  }
}

function advice(output: string): string {
  if (output.includes('could not look up effective user ID')) {
    return (
      `PostgreSQL needs the user it runs as (id ${userId()}) to have a line in /etc/passwd: ` +
      'add one, or set DATABASE_URL. PostgreSQL says:'
    );
  }
  if (output.includes('No space left'))
    return 'The disk is full: free some space and start again. PostgreSQL says:';
  return 'Set LAPSE_DATA to a folder on a local disk that you may write to. PostgreSQL says:';
}

function userId(): number {
  return userInfo().uid;
}
