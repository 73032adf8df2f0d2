import { chmodSync, chownSync, lstatSync, mkdirSync } from 'node:fs';
import { PrivatePostgresError } from './private-postgres-error.ts';
import type { ServerAccount } from './server-account.ts';

/** Creates a folder of ours that the server's account may pass through but not write to. */
export function makePassageFolder(path: string, account: ServerAccount | undefined): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (!account) return;
  chownSync(path, 0, account.gid);
  chmodSync(path, 0o710);
}

/**
 * Creates a folder that only the server's account can use, or takes an existing one if it is
 * exactly that.
 *
 * @throws PrivatePostgresError when the path is taken by a link or by another user: in a shared
 * place such as /tmp somebody could otherwise wait for our connections with a folder of theirs.
 */
export function makeServerFolder(path: string, account: ServerAccount | undefined): void {
  const uid = account?.uid ?? process.getuid?.();
  if (!lstatSync(path, { throwIfNoEntry: false })) {
    mkdirSync(path, { mode: 0o700 });
    if (account) chownSync(path, account.uid, account.gid);
  }
  const stat = lstatSync(path);
  if (!stat.isDirectory() || stat.uid !== uid) {
    throw new PrivatePostgresError(
      `${path} should be a folder of user id ${uid}, which the private PostgreSQL runs as, but it ` +
        'belongs to somebody else. Remove it, or run Lapse as the user it belongs to.',
    );
  }
  if ((stat.mode & 0o077) !== 0) chmodSync(path, 0o700);
}
