import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, type ClientConfig } from 'pg';
import { ensureFirstTenant } from '../src/features/tenants/tenant-service.ts';
import { fileCheckpointStore } from '../src/journal/checkpoint-store.ts';
import { sequence } from '../src/journal/sequencer.ts';
import { manyLives, recordLives } from '../src/journal/verify-ledger.fixture.ts';
import { masterKey } from '../src/platform/secrets/secrets.ts';
import type { BackupFigures, BackupRun } from './support/backup-run.ts';
import { printMachine } from './support/machine.ts';
import { openScratchDatabase, type ScratchDatabase } from './support/scratch-database.ts';

// Backs up registers of several sizes and restores them into an empty database, each in a process
// of its own, as the commands do: the key's 128 MB and a third of a second are part of both. A
// restore folds every event and verifies the whole ledger.

const SIZES = process.argv.includes('--quick') ? [1_000, 10_000] : [1_000, 100_000];
/** Draft, request, approval, activation: a record in force. */
const STEPS = 4;
const KEY = Buffer.alloc(32, 7);

interface Size {
  readonly records: number;
  readonly megabytes: number;
  readonly databaseMegabytes: number;
  readonly backup: BackupFigures;
  readonly restore: BackupFigures;
}

console.log('backup: a register into one sealed file, and back with its ledger verified\n');
const sizes: Size[] = [];
for (const records of SIZES) {
  const scratch = await openScratchDatabase();
  try {
    if (sizes.length === 0) await printMachine(scratch.admin);
    console.error(`writing ${records} records …`);
    sizes.push(await measure(scratch, records));
  } finally {
    await scratch.close();
  }
}
for (const size of sizes) print(size);
const [small, large] = [sizes[0], sizes.at(-1)];
if (small && large) {
  const ratio = (of: 'backup' | 'restore') =>
    (large[of].peakMegabytes / small[of].peakMegabytes).toFixed(2);
  console.log(
    `\nmemory    ${large.records} records against ${small.records}: ${ratio('backup')} for the backup, ${ratio('restore')} for the restore`,
  );
}

async function measure(scratch: ScratchDatabase, records: number): Promise<Size> {
  const { folder, admin } = scratch;
  await fill(scratch, records);
  const file = join(folder, 'register.backup');
  const source = environment(scratch, scratch.admin, join(folder, 'lapse'));
  const backup = await run({ command: 'backup', file, folder, env: source });
  const megabytes = statSync(file).size / 1024 ** 2;
  const client = new Client(admin);
  await client.connect();
  const { rows } = await client.query('SELECT pg_database_size(current_database()) AS bytes');
  await client.query('CREATE DATABASE restored');
  await client.end();
  const data = join(folder, 'restored');
  const env = environment(scratch, { ...admin, database: 'restored' }, data);
  const restore = await run({ command: 'restore', file, folder, env });
  rmSync(file);
  const databaseMegabytes = Number(rows[0]?.bytes) / 1024 ** 2;
  return { records, megabytes, databaseMegabytes, backup, restore };
}

async function fill({ db, folder }: ScratchDatabase, records: number): Promise<void> {
  const master = masterKey(KEY);
  const options = { publicUrl: 'http://localhost:7400', master };
  const tenantId = await db.inSystem((tx) => ensureFirstTenant(tx, 'Bench', options));
  for (let written = 0; written < records; written += 500)
    await recordLives(db, tenantId, manyLives(500, STEPS));
  mkdirSync(join(folder, 'lapse'));
  const checkpoints = fileCheckpointStore(join(folder, 'lapse', 'checkpoints'));
  const onDiverged = async (_: string, detail: string) => {
    throw new Error(detail);
  };
  await sequence({ db, master, checkpoints, onDiverged }, tenantId);
}

function environment(
  { application, worker }: ScratchDatabase,
  { user, password, host, port, database }: ClientConfig,
  dataDir: string,
): NodeJS.ProcessEnv {
  const place = `/${database}?host=${encodeURIComponent(host ?? '')}&port=${port}`;
  const url = (login: ClientConfig) =>
    `postgresql://${login.user}:${encodeURIComponent(String(login.password))}@${place}`;
  return {
    LAPSE_DATA: dataDir,
    LAPSE_MASTER_KEY: KEY.toString('base64'),
    DATABASE_URL: url(application),
    DATABASE_WORKER_URL: url(worker),
    DATABASE_ADMIN_URL: url({ user, password } as ClientConfig),
  };
}

async function run(options: BackupRun): Promise<BackupFigures> {
  const script = fileURLToPath(new URL('support/backup-run.ts', import.meta.url));
  const child = fork(script, [JSON.stringify(options)]);
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`${options.command} ended with ${code}`);
  });
  const [figures] = await Promise.race([once(child, 'message'), failed]);
  return figures as BackupFigures;
}

function print({ records, megabytes, databaseMegabytes, backup, restore }: Size): void {
  console.log(
    `\n${records} records, ${backup.entries} entries: ${megabytes.toFixed(1)} MB of a database of ${databaseMegabytes.toFixed(0)} MB`,
  );
  for (const [name, figures] of Object.entries({ backup, restore })) {
    const { seconds, cpuSeconds, entries } = figures;
    const rate = `${(databaseMegabytes / seconds).toFixed(1)} MB/s of database, ${(entries / seconds).toFixed(0)} entries/s`;
    console.log(
      `  ${name.padEnd(8)} ${seconds.toFixed(1)} s (${rate}), CPU here ${cpuSeconds.toFixed(1)} s, ${figures.peakMegabytes.toFixed(0)} MB at the peak`,
    );
  }
}
