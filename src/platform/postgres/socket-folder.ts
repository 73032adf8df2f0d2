import { createHash } from 'node:crypto';
import { rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A unix socket's path has at most 107 bytes, and PostgreSQL adds `/.s.PGSQL.5432` and `.lock`. */
const LONGEST_SOCKET_FOLDER = 88;

/**
 * Where the server of the cluster in `folder` puts its socket: inside, or in the system's temporary
 * folder where the path would be too long. `id` is the record's.
 */
export function socketFolder(folder: string, id: string): string {
  const inside = join(folder, 'socket');
  if (Buffer.byteLength(inside) <= LONGEST_SOCKET_FOLDER) return inside;
  // The record's random id makes the name one that nobody else can take in advance.
  const name = createHash('sha256').update(`${id}\0${folder}`).digest('hex').slice(0, 16);
  return join(tmpdir(), `lapse-${name}`);
}

/** Tidies up after a shutdown, unless a server that was started since is using the folder. */
export function removeOutsideSocketFolder(location: { folder: string; socketDir: string }): void {
  if (dirname(location.socketDir) === location.folder) return;
  try {
    rmdirSync(location.socketDir);
  } catch {
    // Not empty, or gone already: then it is not ours to remove.
  }
}
