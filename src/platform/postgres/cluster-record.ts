import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PrivatePostgresError, reasonOf } from './private-postgres-error.ts';

/** What `postgres.json` in the data folder says about the private cluster. */
export interface ClusterRecord {
  readonly format: 1;
  /** Random; names what lies outside the data folder, so that nobody can guess or squat it. */
  readonly id: string;
  /** Relative to the data folder when inside it (the folder may be moved), else absolute. */
  readonly folder: string;
  /** PostgreSQL's own identity of the cluster; absent until it has been initialised. */
  readonly systemIdentifier?: string;
}

/** A record for a cluster that does not exist yet. */
export function newClusterRecord(locate: (id: string) => string): ClusterRecord {
  const id = randomBytes(8).toString('hex');
  return { format: 1, id, folder: locate(id) };
}

/**
 * Reads `postgres.json`; `undefined` when the data folder has none.
 *
 * @throws PrivatePostgresError when it is there but not readable as a record.
 */
export function findClusterRecord(dataDir: string): ClusterRecord | undefined {
  const path = join(dataDir, 'postgres.json');
  try {
    const record = JSON.parse(readFileSync(path, 'utf8'));
    if (record.format === 1 && typeof record.folder === 'string' && typeof record.id === 'string') {
      return record;
    }
    throw new Error('unknown format');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new PrivatePostgresError(
      `${path}, which says where the private database lies, cannot be read (${reasonOf(error)}). ` +
        'Restore it from a copy, or use the version of Lapse that wrote it.',
      { cause: error },
    );
  }
}

/** Writes the record whole or not at all. */
export function writeClusterRecord(dataDir: string, record: ClusterRecord): void {
  replaceFile(join(dataDir, 'postgres.json'), `${JSON.stringify(record, null, 2)}\n`);
}

const PASSWORD_FILE = 'postgres-password';

/** The superuser's password; made on the first call and kept, mode 0600, in the data folder. */
export function ensurePassword(dataDir: string): string {
  const found = findPassword(dataDir);
  if (found) return found;
  const password = randomBytes(24).toString('base64url');
  replaceFile(join(dataDir, PASSWORD_FILE), `${password}\n`);
  return password;
}

/**
 * The password of a cluster that exists already.
 *
 * @throws PrivatePostgresError when its file is gone: a new one would not fit the cluster.
 */
export function getPassword(dataDir: string): string {
  const found = findPassword(dataDir);
  if (found) return found;
  throw new PrivatePostgresError(
    `The private database exists, but its password file ${join(dataDir, PASSWORD_FILE)} is missing. ` +
      'Put the file back from a copy, or restore a backup into an empty data folder.',
  );
}

function findPassword(dataDir: string): string | undefined {
  try {
    return readFileSync(join(dataDir, PASSWORD_FILE), 'utf8').trim() || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600, flush: true });
  renameSync(temporary, path);
}
