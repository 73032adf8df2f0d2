import { join } from 'node:path';
import { Client } from 'pg';
import { ensureFirstTenant } from '../src/features/tenants/tenant-service.ts';
import { loadMasterKey } from '../src/platform/secrets/key-file.ts';
import { writeRecordsInForce } from './support/due-records.ts';
import { buildLapse, dataFolder, startLapse } from './support/lapse-process.ts';
import { printMachine } from './support/machine.ts';
import { copyRecords } from './support/many-records.ts';
import { cpuSeconds, peakMegabytes } from './support/process-usage.ts';
import { openScratchDatabase } from './support/scratch-database.ts';

// Exports registers of several sizes in every form, from the bundled `lapse serve` in its own
// process to a client that takes all of it: how fast, and how much memory the server holds. Each
// size and form has a server of its own, since a peak never goes down again.

const AIM = 1.2;
const FORMS = ['csv', 'json', 'jsonl', 'md'] as const;
const quick = process.argv.includes('--quick');
const sizes = quick ? [1_000, 10_000, 50_000] : [1_000, 100_000, 1_000_000];

console.log('export: the whole register, streamed to one client\n');
console.error('building …');
await buildLapse();
const scratch = await openScratchDatabase();
const admin = new Client(scratch.admin);
await admin.connect();
const peaks = new Map<string, number[]>();
try {
  await printMachine(scratch.admin);
  const master = await loadMasterKey(undefined, join(dataFolder(scratch), 'master-key'));
  const publicUrl = 'http://localhost:7400';
  const { db } = scratch;
  const tenantId = await db.inSystem((tx) => ensureFirstTenant(tx, 'Bench', { publicUrl, master }));
  await writeRecordsInForce(db, tenantId, 500, () => {});
  for (const size of sizes) {
    await copyRecords(admin, size, (done) => console.error(`${done} of ${size} records written …`));
    console.log(`\n${size.toLocaleString('en')} records`);
    for (const form of FORMS) await measure(form, size);
  }
} finally {
  await admin.end();
  await scratch.close();
}
console.log(`\npeak memory, largest to smallest register (aim: at most ${AIM})`);
for (const [form, [small = 1, ...others]] of peaks) {
  const large = others.at(-1) ?? 0;
  console.log(`  ${form.padEnd(5)}  ${(large / small).toFixed(2)}`);
}

async function measure(form: (typeof FORMS)[number], size: number): Promise<void> {
  const server = await startLapse(scratch, ['serve']);
  try {
    const headers = { authorization: `Bearer ${server.token()}` };
    const before = cpuSeconds(server.pid);
    const began = performance.now();
    const response = await fetch(`${server.address}/v1/exports/register.${form}`, { headers });
    if (!response.ok) throw new Error(await response.text());
    let bytes = 0;
    for await (const piece of response.body ?? []) bytes += piece.length;
    const seconds = (performance.now() - began) / 1_000;
    const micros = ((cpuSeconds(server.pid) - before) / size) * 1e6;
    const peak = peakMegabytes(server.pid);
    peaks.set(form, [...(peaks.get(form) ?? []), peak]);
    console.log(
      `  ${form.padEnd(5)}  ${seconds.toFixed(1).padStart(6)} s, ${(size / seconds).toFixed(0).padStart(6)} records/s, ${(bytes / 1e6).toFixed(0).padStart(5)} MB, ${micros.toFixed(0).padStart(4)} us of processor time a record here, peak ${peak.toFixed(0)} MB`,
    );
  } finally {
    await server.stop();
  }
}
