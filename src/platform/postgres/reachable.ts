import { spawnSync } from 'node:child_process';
import { type ServerAccount, spawnAs } from './server-account.ts';

/**
 * Whether the account can enter the folder, every parent included. Asked of the kernel by a
 * process that runs as the account: mode bits alone say nothing of ACLs and security modules.
 */
export function canEnter(account: ServerAccount | undefined, folder: string): boolean {
  if (!account) return true;
  const check = spawnSync('/bin/sh', ['-c', 'test -x "$1"', 'sh', folder], {
    ...spawnAs(account),
    cwd: '/',
    stdio: 'ignore',
  });
  return check.status === 0;
}
