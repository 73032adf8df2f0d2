import { join } from 'node:path';
import { Client } from 'pg';
import { ensureFirstTenant, markDiverged } from '../src/features/tenants/tenant-service.ts';
import { fileCheckpointStore } from '../src/journal/checkpoint-store.ts';
import { sequence } from '../src/journal/sequencer.ts';
import { loadMasterKey } from '../src/platform/secrets/key-file.ts';
import { writeRecordsInForce } from './support/due-records.ts';
import { buildLapse, dataFolder, startLapse } from './support/lapse-process.ts';
import { printMachine } from './support/machine.ts';
import { cpuSeconds, peakMegabytes } from './support/process-usage.ts';
import { openScratchDatabase } from './support/scratch-database.ts';

// Records whose end is reached at one instant: how long one worker, the bundled `lapse work` in its
// own process, takes until every one is Expired, and how much memory it holds. The ledger takes
// their events in meanwhile, as it does in use.

const AIMS = { seconds: 30, peakRatio: 1.2 };
const quick = process.argv.includes('--quick');
const sizes = quick ? [1_000, 10_000, 20_000] : [1_000, 10_000, 100_000];

console.log('due: records that all end at once, one worker\n');
console.error('building …');
await buildLapse();
const peaks: number[] = [];
for (const [index, size] of sizes.entries()) peaks.push(await measure(size, index === 0));
const [small = 1, middle = 1, large = 1] = peaks;
console.log(
  `\n  peak of ${sizes[2]} / peak of ${sizes[0]}: ${(large / small).toFixed(2)} (aim: at most ${AIMS.peakRatio})`,
);
// 1,000 records end before the heap has grown to what a worker with more to do holds.
console.log(`  peak of ${sizes[2]} / peak of ${sizes[1]}: ${(large / middle).toFixed(2)}`);

async function measure(size: number, first: boolean): Promise<number> {
  const scratch = await openScratchDatabase();
  const admin = new Client(scratch.admin);
  await admin.connect();
  try {
    if (first) await printMachine(scratch.admin);
    const { db } = scratch;
    const master = await loadMasterKey(undefined, join(dataFolder(scratch), 'master-key'));
    const publicUrl = 'http://localhost:7400';
    const tenantId = await db.inSystem((tx) =>
      ensureFirstTenant(tx, 'Bench', { publicUrl, master }),
    );
    const end = await writeRecordsInForce(db, tenantId, size, (done) => {
      if (done % 10_000 === 0) console.error(`${done} of ${size} records written …`);
    });
    const checkpoints = fileCheckpointStore(join(dataFolder(scratch), 'checkpoints'));
    console.error('taking them into the ledger …');
    await sequence({ db, master, checkpoints, onDiverged: markDiverged(db) }, tenantId);
    await admin.query('VACUUM ANALYZE');
    return await expire(size, end);
  } finally {
    await admin.end();
    await scratch.close();
  }

  async function expire(size: number, end: number): Promise<number> {
    const worker = await startLapse(scratch, ['work', '--test-clock']);
    try {
      console.error(`${size} records end now …`);
      const cpu = cpuSeconds(worker.pid);
      await admin.query(
        'UPDATE lapse.test_clock SET offset_ms = $1 - floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint',
        [end],
      );
      const began = performance.now();
      await until('SELECT FROM lapse.exception_deadlines LIMIT 1');
      const seconds = (performance.now() - began) / 1000;
      const { rows } = await admin.query(
        "SELECT count(*)::int AS expired FROM lapse.exceptions WHERE status = 'Expired'",
      );
      if (rows[0]?.expired !== size) throw new Error(`${rows[0]?.expired} of ${size} are Expired`);
      await until('SELECT FROM lapse.ledger_pending LIMIT 1');
      const settled = (performance.now() - began) / 1000;
      const peak = peakMegabytes(worker.pid);
      const micros = ((cpuSeconds(worker.pid) - cpu) / size) * 1e6;
      const aim = size > 50_000 ? ` (aim: under ${AIMS.seconds})` : '';
      console.log(`\n${size} records due at once`);
      console.log(
        `  all Expired after ${seconds.toFixed(1)} s${aim}: ${(size / seconds).toFixed(0)} a second`,
      );
      console.log(`  in the ledger and signed after ${settled.toFixed(1)} s`);
      console.log(
        `  worker: ${micros.toFixed(0)} us of processor time a record, peak memory ${peak.toFixed(0)} MB`,
      );
      return peak;
    } finally {
      await worker.stop();
    }
  }

  /** Asks a cheap question over and over, until nothing is left. */
  async function until(left: string): Promise<void> {
    while ((await admin.query(left)).rowCount !== 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
