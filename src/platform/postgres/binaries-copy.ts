import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { cp } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PrivatePostgresError, reasonOf } from './private-postgres-error.ts';

/** npm packages cannot hold links, so the package lists them here for its install script. */
const LINKS_FILE = 'pg-symlinks.json';

/**
 * Adds the links that the package's install script makes, since npm may have been told not to
 * run it. `native` is the package's folder of that name.
 *
 * @returns false when a link is missing and cannot be made (a folder we may not write to).
 */
export function addMissingLinks(native: string): boolean {
  const links = JSON.parse(readFileSync(join(native, LINKS_FILE), 'utf8')) as {
    source: string;
    target: string;
  }[];
  try {
    for (const { source, target } of links) addLink(native, source, target);
    return true;
  } catch {
    return false;
  }
}

/** The list's paths begin with `native/`, and both ends always lie in one folder. */
function addLink(native: string, source: string, target: string): void {
  const path = join(dirname(native), target.replace(/^native\//, `${basename(native)}/`));
  if (lstatSync(path, { throwIfNoEntry: false })) return;
  try {
    symlinkSync(basename(source), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * Copies the programs to a place of their own, readable by all. The copy appears whole, by a
 * rename, so that a crash or a second process in the middle of it does no harm.
 */
export async function copyBinaries(native: string, destination: string): Promise<void> {
  if (existsSync(destination)) return;
  const temporary = `${destination}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    mkdirSync(dirname(destination), { recursive: true, mode: 0o755 });
    await cp(native, temporary, { recursive: true, verbatimSymlinks: true });
    addMissingLinks(temporary);
    makeReadable(temporary);
    renameSync(temporary, destination);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    if (existsSync(destination)) return;
    throw new PrivatePostgresError(
      `PostgreSQL's programs could not be copied to ${destination} (${reasonOf(error)}). Make that ` +
        'place writable, or set DATABASE_URL to a PostgreSQL server of your own.',
      { cause: error },
    );
  }
}

/** Root with a strict umask installs files that only root can read. */
function makeReadable(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) makeReadable(path);
    else if (entry.isFile()) chmodSync(path, basename(folder) === 'bin' ? 0o755 : 0o644);
  }
}
