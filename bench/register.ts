import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { ensureFirstTenant } from '../src/features/tenants/tenant-service.ts';
import { fileCheckpointStore } from '../src/journal/checkpoint-store.ts';
import { sequence } from '../src/journal/sequencer.ts';
import { loadMasterKey } from '../src/platform/secrets/key-file.ts';
import { buildLapse, dataFolder, type LapseProcess, startLapse } from './support/lapse-process.ts';
import { startLoad } from './support/load.ts';
import { printMachine } from './support/machine.ts';
import { peakMegabytes } from './support/process-usage.ts';
import { fillRegister } from './support/sample-register.ts';
import { openScratchDatabase, type ScratchDatabase } from './support/scratch-database.ts';

// The register as a reader has it, at three sizes of one make: how long the bundled server takes to
// start, a page of 50 by every filter and every sort, search, and the verification of the ledger;
// and how much of that grows with the register.

const AIMS = { p99: 20, rate: 700, growth: 2, search: 50, start: 3 };
const quick = process.argv.includes('--quick');
const asked = process.argv.find((argument) => argument.startsWith('--sizes='));
const sizes = asked
  ? asked.slice('--sizes='.length).split(',').map(Number)
  : quick
    ? [1_000, 10_000, 50_000]
    : [1_000, 100_000, 1_000_000];
const ROUNDS = quick ? 20 : 50;

const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
const FILTERS: Readonly<Record<string, string>> = {
  none: '',
  status: 'status=Active&status=Expiring',
  'status (most)': 'status=Archived',
  category: 'category=network',
  control: 'control=firewall',
  environment: 'environment=prod',
  data_classification: 'data_classification=restricted',
  severity: 'severity=High',
  kind: 'kind=time-boxed',
  requestor: 'requestor=person17@example.com',
  owner: 'owner=owner17@example.com',
  service: 'service=service-17',
  policy_ref: 'policy_ref=standards/rule-17',
  expires_before: `expires_before=${day(-300)}`,
  expires_after: `expires_after=${day(2)}`,
  expiring_within: 'expiring_within=7',
  overdue: 'overdue=true',
  open: 'open=true',
};
const SORTS = ['expires_at', 'created_at', 'updated_at', 'title'].flatMap((name) => [
  name,
  `-${name}`,
]);
const SEARCHES: Readonly<Record<string, string>> = {
  'one word, few match': 'q=person17',
  'two words': 'q=turbine+harbour',
  'beginning of a word': 'q=elev',
  'a word of every record': 'q=invoice',
  'no match': 'q=nowhere',
};

interface Figures {
  readonly start: number;
  readonly filters: ReadonlyMap<string, { median: number; p99: number; worst: string }>;
  readonly searches: ReadonlyMap<string, { median: number; p99: number }>;
  /** Pages a second with 16 clients: of whole records, and of records in short. */
  readonly rate: number;
  readonly shortRate: number;
  readonly verify: { rate: number; entries: number };
  readonly peak: number;
}

console.log(
  `register: reading ${sizes.map((size) => size.toLocaleString('en')).join(', ')} records\n`,
);
console.error('building …');
await buildLapse();
const all: Figures[] = [];
for (const [index, size] of sizes.entries()) {
  const scratch = await openScratchDatabase();
  try {
    if (index === 0) await printMachine(scratch.admin);
    await fill(scratch, size);
    all.push(await measure(scratch, size));
  } finally {
    await scratch.close();
  }
}
printGrowth();

async function fill(scratch: ScratchDatabase, size: number): Promise<void> {
  const { db } = scratch;
  const began = performance.now();
  const master = await loadMasterKey(undefined, join(dataFolder(scratch), 'master-key'));
  const publicUrl = 'http://localhost:7400';
  const tenantId = await db.inSystem((tx) => ensureFirstTenant(tx, 'Bench', { publicUrl, master }));
  await fillRegister(db, tenantId, size, (done) => {
    if (done % 20_000 === 0) console.error(`${done} of ${size} records written …`);
  });
  console.error('taking them into the ledger …');
  const checkpoints = fileCheckpointStore(join(dataFolder(scratch), 'checkpoints'));
  const onDiverged = async (_: string, detail: string) => {
    throw new Error(detail);
  };
  await sequence({ db, master, checkpoints, onDiverged }, tenantId);
  const admin = new Client(scratch.admin);
  await admin.connect();
  await admin.query('VACUUM ANALYZE');
  await admin.query('CHECKPOINT');
  await admin.end();
  console.error(`filled in ${((performance.now() - began) / 1000).toFixed(0)} s`);
}

async function measure(scratch: ScratchDatabase, size: number): Promise<Figures> {
  const began = performance.now();
  const server = await startLapse(scratch, ['serve']);
  const start = (performance.now() - began) / 1000;
  try {
    // What a start makes due is done before anything is measured.
    await pause(2_000);
    const filters = await timePages(server);
    const searches = await timeSearches(server);
    const rate = await measureRate(server, 'exceptions');
    const shortRate = await measureRate(server, 'exception-summaries');
    const peak = peakMegabytes(server.pid);
    const verify = await measureVerification(server);
    const figures = { start, filters, searches, rate, shortRate, verify, peak };
    print(size, figures);
    return figures;
  } finally {
    await server.stop();
  }
}

async function timePages(server: LapseProcess): Promise<Figures['filters']> {
  const results = new Map<string, { median: number; p99: number; worst: string }>();
  for (const [name, filter] of Object.entries(FILTERS)) {
    console.error(`pages by ${name} …`);
    const times: number[] = [];
    let worst = { sort: '', p99: 0 };
    for (const sort of SORTS) {
      const taken = await time(server, `${filter}&sort=${encodeURIComponent(sort)}&limit=50`);
      times.push(...taken);
      if (at(taken, 0.99) > worst.p99) worst = { sort, p99: at(taken, 0.99) };
    }
    results.set(name, { median: at(times, 0.5), p99: at(times, 0.99), worst: worst.sort });
  }
  return results;
}

async function timeSearches(server: LapseProcess): Promise<Figures['searches']> {
  const results = new Map<string, { median: number; p99: number }>();
  for (const [name, search] of Object.entries(SEARCHES)) {
    const taken = await time(server, `${search}&limit=50`);
    results.set(name, { median: at(taken, 0.5), p99: at(taken, 0.99) });
  }
  return results;
}

/** One client, one query again and again, after a few that fill the caches. */
async function time(server: LapseProcess, query: string): Promise<readonly number[]> {
  const paths = [`/v1/exceptions?${query.replace(/^&/, '')}`];
  const load = await startLoad('read-load.ts', {
    address: server.address,
    token: server.token(),
    clients: 1,
    paths,
  });
  await load.run(3);
  const { times } = await load.run(ROUNDS);
  await load.stop();
  return times;
}

/** Sixteen clients over every filter in every order. */
async function measureRate(server: LapseProcess, list: string): Promise<number> {
  console.error(`16 clients read ${list} …`);
  const paths = Object.values(FILTERS).flatMap((filter) =>
    SORTS.map((sort) =>
      `/v1/${list}?${filter}&sort=${encodeURIComponent(sort)}&limit=50`.replace('?&', '?'),
    ),
  );
  const load = await startLoad('read-load.ts', {
    address: server.address,
    token: server.token(),
    clients: 16,
    paths,
  });
  await load.run(paths.length);
  const { count, seconds } = await load.run(quick ? 1_500 : 6_000);
  await load.stop();
  return count / seconds;
}

async function measureVerification(server: LapseProcess): Promise<Figures['verify']> {
  console.error('verifying the ledger …');
  const headers = { authorization: `Bearer ${server.token()}` };
  const answer = await fetch(`${server.address}/v1/ledger/verification`, { headers });
  const last = (await answer.text()).trimEnd().split('\n').at(-1) ?? '{}';
  const { result } = JSON.parse(last) as {
    result?: { ok: boolean; entries: number; seconds: number };
  };
  if (!result?.ok) throw new Error(`the ledger does not verify: ${last.slice(0, 500)}`);
  return { rate: result.entries / result.seconds, entries: result.entries };
}

function at(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function print(size: number, figures: Figures): void {
  const { start, filters, searches, rate, shortRate, verify, peak } = figures;
  console.log(`\n${size.toLocaleString('en')} records`);
  console.log(`  start      ${start.toFixed(2)} s (aim: under ${AIMS.start})`);
  console.log(`  page of 50, one client, all sorts   p50 ms   p99 ms   slowest sort`);
  for (const [name, { median, p99, worst }] of filters)
    console.log(`    ${name.padEnd(33)} ${ms(median)} ${ms(p99)}   ${worst}`);
  for (const [name, { median, p99 }] of searches)
    console.log(`    ${`search, ${name}`.padEnd(33)} ${ms(median)} ${ms(p99)}`);
  console.log(
    `  16 clients ${rate.toFixed(0)} pages of whole records a second (aim: ${AIMS.rate})`,
  );
  console.log(`             ${shortRate.toFixed(0)} pages of records in short a second`);
  console.log(`  memory     ${peak.toFixed(0)} MB, the server's peak`);
  console.log(
    `  verify     ${verify.rate.toFixed(0)} entries a second, ${verify.entries.toLocaleString('en')} entries`,
  );
}

function ms(value: number): string {
  return value.toFixed(1).padStart(8);
}

/** How much slower each got from the middle size to the largest. */
function printGrowth(): void {
  const [, middle, large] = all;
  if (!middle || !large) return;
  const names = [sizes[1], sizes[2]].map((size) => size?.toLocaleString('en')).join(' to ');
  console.log(`\ngrowth from ${names} (aim: under ${AIMS.growth} times)`);
  const growth = [...large.filters].map(([name, { median, p99 }]) => ({
    name,
    times: median / (middle.filters.get(name)?.median ?? Number.NaN),
    p99,
  }));
  const worst = growth.reduce((a, b) => (b.times > a.times ? b : a));
  console.log(`  slowest growing filter  ${worst.name}: ${worst.times.toFixed(2)} times`);
  const over = growth.filter(({ p99 }) => p99 > AIMS.p99).map(({ name }) => name);
  console.log(`  p99 over ${AIMS.p99} ms          ${over.join(', ') || 'none'}`);
  const slow = [...large.searches].filter(([, { p99 }]) => p99 > AIMS.search).map(([name]) => name);
  console.log(`  search over ${AIMS.search} ms       ${slow.join(', ') || 'none'}`);
  console.log(`  pages a second          ${(large.rate / middle.rate).toFixed(2)} times`);
  console.log(`  pages in short a second ${(large.shortRate / middle.shortRate).toFixed(2)} times`);
  console.log(`  start                   ${(large.start / middle.start).toFixed(2)} times`);
}
