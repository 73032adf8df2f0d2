import { Client } from 'pg';
import { countRegister } from '../src/features/exceptions/exception-count-views.ts';
import { miscounted } from '../src/features/exceptions/exception-counts-check.ts';
import { type CreateCost, measureCreateCost } from './support/create-cost.ts';
import { buildLapse, type LapseProcess, startLapse } from './support/lapse-process.ts';
import { printMachine } from './support/machine.ts';
import { cpuSeconds, cpuSecondsOfFamily } from './support/process-usage.ts';
import { fillRegister } from './support/report-records.ts';
import { openScratchDatabase } from './support/scratch-database.ts';

// Reports over HTTP at registers of three sizes, beside a request that reads next to nothing; then what
// makes a read dearer: deltas that no batch has added up yet, and records that no sweep has come to;
// then what counting costs a create. Times of a busy machine say little: processor time says more.

const AIM_MS = 20;
const BESIDE = 'tasks';
const NAMES = ['summary', 'severity', 'aging', 'domain', 'environment', 'renewals'];
const quick = process.argv.includes('--quick');
const sizes = quick ? [1_000, 10_000, 100_000] : [1_000, 100_000, 1_000_000];
const REQUESTS = quick ? 200 : 500;
const BEHIND = [0, 1_000, 10_000];

console.log(`reports: GET /v1/reports/…, aim: p99 under ${AIM_MS} ms at ${sizes[2]} records\n`);
console.error('building, starting PostgreSQL …');
await buildLapse();
const scratch = await openScratchDatabase();
const admin = new Client(scratch.admin);
await admin.connect();
const postmaster = Number(await single("split_part(pg_read_file('postmaster.pid'), E'\\n', 1)"));
const medians: number[][] = [];
try {
  await printMachine(scratch.admin);
  const server = await startLapse(scratch, ['serve']);
  const tenantId = String(await single('(SELECT tenant_id FROM lapse.tenants)'));
  try {
    for (const [at, size] of sizes.entries()) {
      await fillTo(size, sizes[at - 1] ?? 0, tenantId);
      console.log(
        `\n${size} records, ${await single('(SELECT count(*) FROM lapse.exception_counts)')} counts`,
      );
      const row: number[] = [];
      await measure(server, `/v1/${BESIDE}`);
      for (const name of NAMES) row.push(await measure(server, `/v1/reports/${name}`));
      medians.push(row);
    }
  } finally {
    await server.stop();
  }
  const [small = [], middle = [], large = []] = medians;
  const growth = (to: number[], from: number[]) =>
    (to.reduce((sum, each) => sum + each, 0) / from.reduce((sum, each) => sum + each, 0)).toFixed(
      2,
    );
  console.log(
    `\n  growth of the medians from ${sizes[0]} to ${sizes[1]}: ${growth(middle, small)}`,
  );
  console.log(`  growth of the medians from ${sizes[1]} to ${sizes[2]}: ${growth(large, middle)}`);
  await measureCheck(tenantId);
  await measureBehind(tenantId);
  console.error('what counting costs a create …');
  printCreateCost(await measureCreateCost(scratch, tenantId, quick ? 4 : 12));
} finally {
  await admin.end();
  await scratch.close();
}

async function fillTo(size: number, from: number, tenantId: string): Promise<void> {
  await fillRegister(admin, tenantId, { from, to: size }, (done) => {
    console.error(`${done} of ${size} records written …`);
  });
  await admin.query('VACUUM ANALYZE');
}

async function measure(server: LapseProcess, path: string): Promise<number> {
  const ask = async () => {
    const headers = { authorization: `Bearer ${server.token()}` };
    const answer = await fetch(`${server.address}${path}`, { headers });
    if (answer.status !== 200) throw new Error(await answer.text());
    await answer.arrayBuffer();
  };
  const before = [cpuSeconds(server.pid), cpuSecondsOfFamily(postmaster)];
  const { p50, p99, runs } = await timesOf(ask);
  const after = [cpuSeconds(server.pid), cpuSecondsOfFamily(postmaster)];
  const [own, postgres] = after.map((seconds, at) => ((seconds - (before[at] ?? 0)) / runs) * 1e3);
  const processor = `processor: server ${own?.toFixed(1)} ms, PostgreSQL ${postgres?.toFixed(1)} ms`;
  console.log(`  ${path.padEnd(24)} ${figures(p50, p99)}   ${processor}`);
  return p50;
}

/** What verifying the ledger takes longer for comparing counters. */
async function measureCheck(tenantId: string): Promise<void> {
  const before = cpuSecondsOfFamily(postmaster);
  const wrong = await scratch.db.inTenant({ tenantId, clearance: 'confidential' }, (tx) =>
    miscounted(tx, tenantId),
  );
  if (wrong !== undefined) throw new Error(wrong.message);
  const seconds = cpuSecondsOfFamily(postmaster) - before;
  console.log(
    `\n  comparing all counters with a recount: ${seconds.toFixed(1)} s of PostgreSQL's processor time`,
  );
}

/** The worker is stopped: what it would have added up or swept stays undone. */
async function measureBehind(tenantId: string): Promise<void> {
  const read = () =>
    scratch.db.inTenant({ tenantId, clearance: 'confidential' }, (tx) =>
      countRegister(tx, tenantId),
    );
  console.log('\nthe counters alone, by what is left to do (one reader, in process)');
  for (const deltas of BEHIND) {
    await admin.query('DELETE FROM lapse.exception_count_deltas');
    await admin.query(
      `INSERT INTO lapse.exception_count_deltas (tenant_id, status, severity, category, environment,
         renewal_number, lacks_evidence, activated_on, change)
       SELECT $1, 'Active', 'High', 'network', 'prod', 0, true, current_date, n % 2 * 2 - 1
       FROM generate_series(1, $2::int) AS n`,
      [tenantId, deltas],
    );
    await report(`${deltas} deltas not added up`, read);
  }
  await admin.query('DELETE FROM lapse.exception_count_deltas');
  for (const late of BEHIND.slice(1)) {
    await admin.query(
      `WITH late AS (
         SELECT exception_id FROM lapse.exceptions WHERE tenant_id = $1 AND status = 'Expiring' LIMIT $2
       ), moved AS (
         UPDATE lapse.exceptions e SET due_at = clock_timestamp(), expires_at = clock_timestamp()
         FROM late WHERE e.tenant_id = $1 AND e.exception_id = late.exception_id
       )
       UPDATE lapse.exception_deadlines d SET next_due_at = clock_timestamp()
       FROM late WHERE d.tenant_id = $1 AND d.exception_id = late.exception_id`,
      [tenantId, late],
    );
    await report(`${late} records not swept`, read);
  }
}

function printCreateCost({ counted, bare, addUp }: CreateCost): void {
  const micros = (seconds: number) => `${(seconds * 1e6).toFixed(0)} us`;
  console.log("\na draft's writes, PostgreSQL's processor time");
  console.log(`  with counting      ${micros(counted)}`);
  console.log(
    `  without            ${micros(bare)}   with / without: ${(counted / bare).toFixed(2)}`,
  );
  console.log(`  adding one delta up later: ${micros(addUp)}`);
}

async function report(what: string, run: () => Promise<unknown>): Promise<void> {
  const before = cpuSecondsOfFamily(postmaster);
  const { p50, p99, runs } = await timesOf(run, REQUESTS / 10);
  const postgres = ((cpuSecondsOfFamily(postmaster) - before) / runs) * 1e3;
  console.log(
    `  ${what.padEnd(28)} ${figures(p50, p99)}   processor: PostgreSQL ${postgres.toFixed(1)} ms`,
  );
}

function figures(p50: number, p99: number): string {
  return `p50 ${p50.toFixed(1).padStart(6)} ms   p99 ${p99.toFixed(1).padStart(6)} ms`;
}

async function timesOf(
  run: () => Promise<unknown>,
  requests = REQUESTS,
): Promise<{ p50: number; p99: number; runs: number }> {
  const warmUp = requests / 10;
  for (let warming = 0; warming < warmUp; warming += 1) await run();
  const times: number[] = [];
  for (let request = 0; request < requests; request += 1) {
    const sent = performance.now();
    await run();
    times.push(performance.now() - sent);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), runs: warmUp + requests };
}

async function single(expression: string): Promise<unknown> {
  const { rows } = await admin.query(`SELECT ${expression} AS value`);
  return rows[0]?.value;
}
