import { readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Transaction } from '../../platform/db/transaction.ts';
import { type Check, durationText, ok, problem, sizeText, warning } from './check.ts';

/** Seconds between the clocks of server and database. */
const CLOCKS_APART = { warning: 2, problem: 30 };
/** Free bytes where the data lies. */
const FREE = { warning: 2e9, problem: 300e6 };
const BACKUP_EVERY_DAYS = 7;

/** Deadlines go by the database's clock, tokens by this process's: they have to agree. */
export async function checkClock(tx: Transaction, realNow: () => number): Promise<Check> {
  const before = realNow();
  const [row] = await tx.query<{ now: number; moved: number }>(
    `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now,
       (SELECT offset_ms FROM lapse.test_clock) AS moved`,
  );
  const between = (before + realNow()) / 2;
  const apart = Math.abs((row?.now ?? 0) - between) / 1_000;
  const name = 'clock';
  if (apart > CLOCKS_APART.warning) {
    const message = `the clocks of server and database are ${durationText(apart)} apart`;
    const mend = 'let both follow one time server (NTP)';
    return apart > CLOCKS_APART.problem
      ? problem(name, message, mend)
      : warning(name, message, mend);
  }
  const domain = Math.abs((await tx.now) - between) / 1_000;
  if (domain > CLOCKS_APART.problem) {
    const message = `the test clock is ${durationText(domain)} away from the time`;
    return warning(name, message, 'start without --test-clock for anything but tests');
  }
  return ok(name, 'server and database agree');
}

/** Room for what is written: where the checkpoints and the private database lie. */
export async function checkDisk(folder: string): Promise<Check> {
  const { bavail, bsize, blocks } = await statfs(folder);
  const free = bavail * bsize;
  const message = `${sizeText(free)} of ${sizeText(blocks * bsize)} are free for ${folder}`;
  const mend = 'make room, or move LAPSE_DATA to a larger disk while the server is stopped';
  if (free < FREE.problem) return problem('disk', message, mend);
  return free < FREE.warning ? warning('disk', message, mend) : ok('disk', message);
}

/** The last backup that this data folder knows of. */
export async function checkBackup(dataDir: string, realNow: () => number): Promise<Check> {
  const name = 'backup';
  const mend = 'run `lapse backup FILE`, and have it run every day';
  const at = Date.parse(await lastBackup(dataDir));
  if (Number.isNaN(at)) return warning(name, 'no backup was made from here', mend);
  const seconds = (realNow() - at) / 1_000;
  const message = `the last one is ${durationText(seconds)} old`;
  return seconds > BACKUP_EVERY_DAYS * 86_400 ? warning(name, message, mend) : ok(name, message);
}

async function lastBackup(dataDir: string): Promise<string> {
  try {
    const text = await readFile(join(dataDir, 'last-backup.json'), 'utf8');
    return String((JSON.parse(text) as { at?: unknown }).at);
  } catch {
    return '';
  }
}
