import { readFileSync, statSync } from 'node:fs';
import { PrivatePostgresError } from './private-postgres-error.ts';

/** The unprivileged account that PostgreSQL runs as when Lapse itself runs as root. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/** Tried in this order; PostgreSQL refuses to run as root. */
const CANDIDATES = ['postgres', 'nobody'];

/**
 * The account to run PostgreSQL as: `undefined` means "as ourselves", which is always so unless
 * we are root. An existing cluster decides for itself by its owner, so that `sudo` after a start
 * without it (or a `postgres` user created later) does not lock us out of our own data.
 *
 * @throws PrivatePostgresError when root finds no unprivileged account.
 */
export function chooseServerAccount(existingCluster?: string): ServerAccount | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = existingCluster && statSync(existingCluster, { throwIfNoEntry: false });
  if (owner && owner.uid !== 0) {
    return { uid: owner.uid, gid: owner.gid, name: `user id ${owner.uid}` };
  }
  const accounts = readAccounts();
  for (const name of CANDIDATES) {
    const account = accounts.get(name);
    if (account && account.uid !== 0) return account;
  }
  throw new PrivatePostgresError(
    'PostgreSQL does not run as root, and this machine has neither a "postgres" nor a "nobody" ' +
      'user to run it as. Create one, start Lapse as an ordinary user, or set DATABASE_URL.',
  );
}

/** Options for `spawn` that make the child run as the account. */
export function spawnAs(account: ServerAccount | undefined): { uid?: number; gid?: number } {
  return account ? { uid: account.uid, gid: account.gid } : {};
}

function readAccounts(): Map<string, ServerAccount> {
  const accounts = new Map<string, ServerAccount>();
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name && uid && gid) accounts.set(name, { name, uid: Number(uid), gid: Number(gid) });
  }
  return accounts;
}
