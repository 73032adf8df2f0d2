import { Client } from 'pg';
import { buildLapse, startLapse } from './support/lapse-process.ts';
import { type LoadResult, startLoad } from './support/load.ts';
import { printMachine } from './support/machine.ts';
import { cpuSeconds, cpuSecondsOfFamily } from './support/process-usage.ts';
import { openScratchDatabase } from './support/scratch-database.ts';

// POST /v1/exceptions?submit=true against the bundled server, beside a bare loop of the very same
// statements by plain pg clients on the same database; each in a process of its own, in short turns,
// so that whatever else the machine does falls on both alike.

const AIMS = { ratio: 0.5, rate: 735 };
const quick = process.argv.includes('--quick');
const rounds = quick ? 4 : 12;
const sizes = [
  { clients: 1, count: 200, warmUp: 600 },
  { clients: 16, count: 1_000, warmUp: 2_000 },
];

/** Each load makes records of its own: two that cover the same would be one chain. */
const SERIALS = 10_000_000;
let loads = 0;
const nextFirst = () => SERIALS * loads++;

interface Figures {
  http: LoadResult[];
  bare: LoadResult[];
  oneByOne: LoadResult[];
  serverCpu: number;
  postgresCpu: number;
}

console.log('create-and-submit: POST /v1/exceptions?submit=true beside a bare loop\n');
console.error('building, starting PostgreSQL …');
await buildLapse();
const scratch = await openScratchDatabase();
const admin = new Client(scratch.admin);
await admin.connect();
const server = await startLapse(scratch, ['serve']);
try {
  await printMachine(scratch.admin);
  for (const size of sizes) print(size.clients, await measure(size));
} finally {
  await server.stop();
  await admin.end();
  await scratch.close();
}

async function measure({ clients, count, warmUp }: (typeof sizes)[number]): Promise<Figures> {
  const postmaster = Number(await single("split_part(pg_read_file('postmaster.pid'), E'\\n', 1)"));
  const tenantId = await single('(SELECT tenant_id FROM lapse.tenants)');
  const bareOptions = {
    clients,
    application: scratch.application,
    tenantId,
    count: warmUp + rounds * count,
  };
  const [http, bare, oneByOne] = await Promise.all([
    startLoad('http-load.ts', {
      ...{ clients, first: nextFirst(), address: server.address, token: server.token() },
    }),
    startLoad('bare-load.ts', { ...bareOptions, first: nextFirst(), pipeline: true }),
    startLoad('bare-load.ts', { ...bareOptions, first: nextFirst(), pipeline: false }),
  ]);
  console.error(`${clients} clients: warming up …`);
  for (const load of [http, bare, oneByOne]) await load.run(warmUp);
  await sequenced();
  const figures: Figures = { http: [], bare: [], oneByOne: [], serverCpu: 0, postgresCpu: 0 };
  const used = () => [cpuSeconds(server.pid), cpuSecondsOfFamily(postmaster)] as const;
  for (let round = 1; round <= rounds; round += 1) {
    console.error(`${clients} clients: round ${round} of ${rounds} …`);
    const [server0, postgres0] = used();
    figures.http.push(await http.run(count));
    // The sequencer's share belongs to the requests whose events it takes in.
    await sequenced();
    const [server1, postgres1] = used();
    figures.serverCpu += (server1 - server0) / (rounds * count);
    figures.postgresCpu += (postgres1 - postgres0) / (rounds * count);
    figures.bare.push(await withoutServer(() => bare.run(count)));
    figures.oneByOne.push(await withoutServer(() => oneByOne.run(count)));
    await sequenced();
  }
  for (const load of [http, bare, oneByOne]) await load.stop();
  return figures;
}

/** Holds the server still, so that its sequencer does not run beside the bare loop. */
async function withoutServer<T>(run: () => Promise<T>): Promise<T> {
  process.kill(server.pid, 'SIGSTOP');
  try {
    return await run();
  } finally {
    process.kill(server.pid, 'SIGCONT');
  }
}

/** Waits until the ledger holds everything that was written. */
async function sequenced(): Promise<void> {
  while (await single('EXISTS (SELECT FROM lapse.ledger_pending)'))
    await new Promise((resolve) => setTimeout(resolve, 50));
}

async function single(expression: string): Promise<unknown> {
  const { rows } = await admin.query(`SELECT ${expression} AS value`);
  return rows[0]?.value;
}

function print(clients: number, figures: Figures): void {
  const http = rate(figures.http);
  console.log(`\n${clients} client${clients === 1 ? '' : 's'}`);
  console.log(line('HTTP', figures.http));
  console.log(line('bare loop, all statements sent at once', figures.bare));
  console.log(line('bare loop, one statement after another', figures.oneByOne));
  const ratios = [figures.bare, figures.oneByOne].map((bare) => (http / rate(bare)).toFixed(2));
  console.log(
    `  HTTP / bare loop: ${ratios[0]} (at once), ${ratios[1]} (one by one); aim ${AIMS.ratio}`,
  );
  if (clients > 1)
    console.log(`  HTTP / the ${AIMS.rate} a second aimed at: ${(http / AIMS.rate).toFixed(2)}`);
  const [server, postgres] = [figures.serverCpu, figures.postgresCpu].map((seconds) =>
    (seconds * 1e6).toFixed(0),
  );
  console.log(`  processor time a request: server ${server} us, PostgreSQL ${postgres} us`);
}

function line(name: string, results: readonly LoadResult[]): string {
  const times = results.flatMap((result) => result.times).sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)]?.toFixed(1);
  const figures = `p50 ${at(0.5)} ms   p99 ${at(0.99)} ms`;
  return `  ${name.padEnd(40)} ${rate(results).toFixed(0).padStart(5)} a second   ${figures}`;
}

function rate(results: readonly LoadResult[]): number {
  const sum = (name: 'count' | 'seconds') =>
    results.reduce((total, result) => total + result[name], 0);
  return sum('count') / sum('seconds');
}
