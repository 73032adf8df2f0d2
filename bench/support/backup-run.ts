import { createReadStream } from 'node:fs';
import { openBackup } from '../../src/features/backup/read-backup.ts';
import { backUp } from '../../src/main/backup.ts';
import { restore } from '../../src/main/restore.ts';
import { readConfig } from '../../src/platform/config/config.ts';
import { peakMegabytes } from './process-usage.ts';

/** What `backup.ts` gives this process, which makes one backup or restores one. */
export interface BackupRun {
  readonly command: 'backup' | 'restore';
  readonly file: string;
  /** The working folder, and the environment that names database and data folder. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

/** What it measured of itself. */
export interface BackupFigures {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
  /** Events, of all tenants. */
  readonly entries: number;
}

const { command, file, folder, env } = JSON.parse(process.argv[2] ?? '{}') as BackupRun;
const passphrase = 'a passphrase for the bench';
const silent = () => {};
const { config, secrets } = await readConfig(env, folder);
const began = performance.now();
const { tenants } = command === 'backup' ? await write() : await read();
const { user, system } = process.cpuUsage();
const figures: BackupFigures = {
  seconds: (performance.now() - began) / 1_000,
  cpuSeconds: (user + system) / 1e6,
  peakMegabytes: peakMegabytes(process.pid),
  entries: tenants.reduce((sum, { events }) => sum + events, 0),
};
process.send?.(figures);
process.disconnect?.();

async function write() {
  const { manifest } = await backUp({
    ...{ config, secrets, folder, path: file, passphrase },
    progress: silent,
    onRows: silent,
    signal: new AbortController().signal,
  });
  return manifest;
}

async function read() {
  const backup = await openBackup(createReadStream(file), async () => passphrase);
  const options = { config, secrets, folder, backup, checkpoints: [] };
  const { signal } = new AbortController();
  await restore({ ...options, progress: silent, onProgress: silent, signal });
  await backup.close();
  return backup.manifest;
}
