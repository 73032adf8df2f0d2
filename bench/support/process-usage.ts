import { readdirSync, readFileSync } from 'node:fs';

/** The kernel counts a process's time in hundredths of a second (USER_HZ, the same on all Linux). */
const TICKS_A_SECOND = 100;

/** CPU seconds that a process has used, user and system. */
export function cpuSeconds(pid: number): number {
  const { user, system } = statOf(pid);
  return (user + system) / TICKS_A_SECOND;
}

/** CPU seconds of a process and all its children, those that have ended included. */
export function cpuSecondsOfFamily(pid: number): number {
  const parent = statOf(pid);
  const ended = (parent.endedUser + parent.endedSystem) / TICKS_A_SECOND;
  return children(pid).reduce((sum, child) => sum + cpuSeconds(child), cpuSeconds(pid) + ended);
}

/** The largest resident memory of a process so far, in MB. */
export function peakMegabytes(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

function children(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      try {
        return statOf(child).parent === pid;
      } catch {
        // It has ended meanwhile; its time is its parent's now.
        return false;
      }
    });
}

function statOf(pid: number) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in brackets, may hold anything: what follows the last one is in fixed places.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [, parent, , , , , , , , , , user, system, endedUser, endedSystem] = fields as number[];
  return {
    parent,
    user: user ?? 0,
    system: system ?? 0,
    endedUser: endedUser ?? 0,
    endedSystem: endedSystem ?? 0,
  };
}
