import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from './problem.mjs';
import { showProgress } from './progress.mjs';

const LONGEST_WAIT_MS = 15 * 60_000;
const LONGEST_BREAK_MS = 10_000;

/**
 * Takes the named lock of the checkout: a folder `.lapse-<name>.lock` that holds the number of the
 * process that has it. Waits for a living holder, takes over from a dead one.
 *
 * @returns {Promise<() => void>} releases the lock.
 */
export async function takeLock(root, name, waiting) {
  const path = join(root, `.lapse-${name}.lock`);
  const deadline = Date.now() + LONGEST_WAIT_MS;
  let progress;
  while (!tryTake(path)) {
    const holder = holderOf(path);
    if (holder !== undefined && !isAlive(holder)) breakLock(path, holder);
    else {
      progress ??= showProgress(waiting);
      if (Date.now() > deadline) {
        throw new Problem(
          `Process ${holder} has held ${path} for 15 minutes. If it is none of ours, delete that folder.`,
        );
      }
      await delay(100);
    }
  }
  progress?.done('Waited for another process');
  return () => rmSync(path, { recursive: true, force: true });
}

/** A folder is renamed over a full one in no case, so the lock appears with its holder or not at all. */
function tryTake(path) {
  const mine = `${path}.${process.pid}`;
  rmSync(mine, { recursive: true, force: true });
  try {
    mkdirSync(mine);
  } catch (error) {
    throw new Problem(
      `${mine} cannot be made (${error.message}). Run this as the user the checkout belongs to.`,
    );
  }
  writeFileSync(join(mine, 'pid'), String(process.pid));
  try {
    renameSync(mine, path);
    return true;
  } catch {
    rmSync(mine, { recursive: true, force: true });
    return false;
  }
}

/** One at a time, and looking again, or two waiters could each remove the other's new lock. */
function breakLock(path, holder) {
  const breaking = `${path}.break`;
  try {
    mkdirSync(breaking);
  } catch {
    const since = statSync(breaking, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - since > LONGEST_BREAK_MS) rmSync(breaking, { recursive: true, force: true });
    return;
  }
  if (holderOf(path) === holder) rmSync(path, { recursive: true, force: true });
  rmSync(breaking, { recursive: true, force: true });
}

function holderOf(path) {
  try {
    return Number(readFileSync(join(path, 'pid'), 'utf8'));
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
