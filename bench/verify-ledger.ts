import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Client } from 'pg';
import { ensureFirstTenant } from '../src/features/tenants/tenant-service.ts';
import { fileCheckpointStore } from '../src/journal/checkpoint-store.ts';
import { sequence } from '../src/journal/sequencer.ts';
import { manyLives, recordLives } from '../src/journal/verify-ledger.fixture.ts';
import type { VerificationResult } from '../src/journal/verify-ledger.ts';
import { settleLedger } from '../src/journal/verify-settled.ts';
import { verifyInThread } from '../src/main/verification-thread.ts';
import { masterKey } from '../src/platform/secrets/secrets.ts';
import { printMachine } from './support/machine.ts';
import { cpuSecondsOfFamily, peakMegabytes } from './support/process-usage.ts';
import { openScratchDatabase, type ScratchDatabase } from './support/scratch-database.ts';

// Verifies ledgers of several sizes as the server does: in a thread, events, payloads, tree, signed
// checkpoints and the register that follows. Whole lives are 14 entries a record; drafts, one entry
// a record, are the dearest there are, since each has a row of the register to compare.

const AIM = 100_000;
const rounds = process.argv.includes('--quick') ? 2 : 5;
const ledgers = [
  { name: 'whole lives', entries: 10_000, steps: Number.POSITIVE_INFINITY },
  { name: 'whole lives', entries: 200_000, steps: Number.POSITIVE_INFINITY },
  { name: 'drafts', entries: 20_000, steps: 1 },
];

interface Round {
  readonly result: VerificationResult;
  readonly ownCpu: number;
  readonly postgresCpu: number;
  readonly longestDelay: number;
}

console.log(`verify-ledger: entries a second, aim ${AIM} on 2 cores\n`);
let isMachineTold = false;
for (const ledger of ledgers) {
  const scratch = await openScratchDatabase();
  try {
    if (!isMachineTold) await printMachine(scratch.admin);
    isMachineTold = true;
    console.error(`writing ${ledger.entries} entries …`);
    const verify = await fill(scratch, ledger);
    const taken: Round[] = [];
    for (let round = 0; round < rounds; round += 1) taken.push(await verify());
    print(ledger.name, taken);
  } finally {
    await scratch.close();
  }
}

async function fill(scratch: ScratchDatabase, { entries, steps }: (typeof ledgers)[number]) {
  const { db, admin } = scratch;
  const master = masterKey(new Uint8Array(32));
  const options = { publicUrl: 'http://localhost:7400', master };
  const tenantId = await db.inSystem((tx) => ensureFirstTenant(tx, 'Bench', options));
  const records = steps === 1 ? 1_000 : 100;
  for (let written = 0; written < entries; )
    written += await recordLives(db, tenantId, manyLives(records, steps));
  const checkpoints = fileCheckpointStore(`${scratch.folder}/checkpoints`);
  const onDiverged = async (_: string, detail: string) => {
    throw new Error(detail);
  };
  const sequencing = { db, master, checkpoints, onDiverged };
  await sequence(sequencing, tenantId);
  const client = new Client(admin);
  await client.connect();
  // As autovacuum leaves it a minute later.
  await client.query('VACUUM ANALYZE');
  const { rows } = await client.query(
    "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int AS pid",
  );
  await client.end();
  const ledger = { db, checkpoints, sequence: () => sequence(sequencing, tenantId) };
  return () =>
    measure(rows[0]?.pid, async () => {
      const settled = await settleLedger(ledger, tenantId);
      const task = { connection: db.connection, tenantId, settled };
      return verifyInThread(task, () => {}, AbortSignal.any([]));
    });
}

async function measure(
  postmaster: number,
  verify: () => Promise<VerificationResult>,
): Promise<Round> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const own = process.cpuUsage();
  const postgres = postgresSeconds(postmaster);
  delay.enable();
  const result = await verify();
  delay.disable();
  const { user, system } = process.cpuUsage(own);
  return {
    result,
    ownCpu: (user + system) / 1e6,
    postgresCpu: postgresSeconds(postmaster) - postgres,
    longestDelay: delay.max / 1e6,
  };
}

/** Of the server and its children; one that ends while they are counted has them counted again. */
function postgresSeconds(postmaster: number): number {
  for (let tries = 10; tries > 1; tries -= 1) {
    try {
      return cpuSecondsOfFamily(postmaster);
    } catch {}
  }
  return cpuSecondsOfFamily(postmaster);
}

function print(name: string, taken: readonly Round[]): void {
  const rate = ({ result }: Round) => result.entries / result.seconds;
  const sorted = [...taken].sort((a, b) => rate(b) - rate(a));
  const [best] = sorted;
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (!best || !middle || !taken.every(({ result }) => result.ok))
    throw new Error(`a sound ledger does not verify: ${JSON.stringify(taken[0]?.result.findings)}`);
  const { entries, streams, checkpoints } = best.result;
  const each = (seconds: number) => `${((seconds * 1e6) / entries).toFixed(1)} us`;
  console.log(`\n${name}: ${entries} entries, ${streams} streams, ${checkpoints} checkpoints`);
  console.log(
    `  best      ${rate(best).toFixed(0)} entries/s (${(rate(best) / AIM).toFixed(2)} of the aim)`,
  );
  console.log(`  median    ${rate(middle).toFixed(0)} entries/s of ${taken.length} rounds`);
  console.log(
    `  CPU       ${each(best.ownCpu)} an entry here, ${each(best.postgresCpu)} in PostgreSQL`,
  );
  console.log(
    `  requests  wait at most ${best.longestDelay.toFixed(0)} ms for the event loop meanwhile`,
  );
  console.log(
    `  memory    ${peakMegabytes(process.pid).toFixed(0)} MB at the peak, writing included`,
  );
}
