import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ShownCheck } from '../render/render-checks.ts';

/**
 * What this machine shows without the server: the data folder and what must be nobody else's.
 * Nothing where there is no data folder, since the server then runs elsewhere.
 */
export function checkLocally(env: NodeJS.ProcessEnv): ShownCheck[] {
  const folder = resolve(env.LAPSE_DATA || '.lapse');
  if (modeOf(folder) === undefined) return [];
  const postmaster = checkPostmaster(folder);
  return [checkSecrets(folder), ...(postmaster ? [postmaster] : [])];
}

const SECRETS = [
  'master-key',
  'admin-token',
  'operator-token',
  'worker-password',
  'retention-password',
];

/** Files that open the register, or everything that rests under encryption. */
function checkSecrets(folder: string): ShownCheck {
  const open = SECRETS.map((name) => join(folder, name)).filter(
    (file) => ((modeOf(file) ?? 0) & 0o077) !== 0,
  );
  const name = 'secrets';
  if (open.length === 0)
    return { name, state: 'ok', message: `nobody else can read those in ${folder}` };
  return {
    name,
    state: 'problem',
    message: `others can read ${open.join(', ')}`,
    mend: `run chmod 600 ${open.join(' ')}, and replace what somebody may have read`,
  };
}

/** A private PostgreSQL that outlived its server: nothing is lost, and the next start adopts it. */
function checkPostmaster(folder: string): ShownCheck | undefined {
  const pid = Number(firstLine(join(folder, 'postgres', 'cluster', 'postmaster.pid')));
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const runs = isRunning(pid);
  return {
    name: 'private PostgreSQL',
    state: 'ok',
    message: runs
      ? `runs as process ${pid}`
      : 'was not stopped in order; the next start recovers it',
  };
}

function firstLine(file: string): string {
  try {
    return readFileSync(file, 'utf8').split('\n', 1)[0] ?? '';
  } catch {
    return '';
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function modeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mode;
}
