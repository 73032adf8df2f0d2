import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What a cluster's `postmaster.pid` says. */
export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
  readonly socketDir: string;
  readonly status: 'starting' | 'stopping' | 'ready' | 'standby' | '';
}

/** Reads `postmaster.pid`; `undefined` when there is none. Fields not yet written are empty. */
export function readPostmasterFile(clusterDir: string): PostmasterFile | undefined {
  let lines: string[];
  try {
    lines = readFileSync(join(clusterDir, 'postmaster.pid'), 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const pid = Math.abs(Number.parseInt(lines[0] ?? '', 10));
  if (!pid) return undefined;
  return {
    pid,
    port: Number.parseInt(lines[3] ?? '', 10),
    socketDir: (lines[4] ?? '').trim(),
    status: (lines[7] ?? '').trim() as PostmasterFile['status'],
  };
}

/** The cluster's postmaster if one is running: a live process that is PostgreSQL on this cluster. */
export function findPostmaster(clusterDir: string): PostmasterFile | undefined {
  const file = readPostmasterFile(clusterDir);
  return file && isPostmasterOf(file.pid, clusterDir) ? file : undefined;
}

/** Whether the process lives and is a postmaster of the cluster, by /proc. */
export function isPostmasterOf(pid: number, clusterDir: string): boolean {
  const state = processState(pid);
  // A dead process that nobody has waited for (Z) keeps its number: common in containers.
  if (!state || state === 'Z' || state === 'X') return false;
  const [program = '', ...words] = readIfAllowed(`/proc/${pid}/cmdline`).split('\0');
  if (basename(program) !== 'postgres') return false;
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(clusterDir);
  } catch {
    return words[words.indexOf('-D') + 1] === clusterDir;
  }
}

/** The state's letter as `ps` shows it; `undefined` when there is no such process. */
export function processState(pid: number): string | undefined {
  const stat = readIfAllowed(`/proc/${pid}/stat`);
  // The name in parentheses may itself hold spaces and parentheses.
  return stat ? stat.slice(stat.lastIndexOf(')') + 2)[0] : undefined;
}

function readIfAllowed(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
