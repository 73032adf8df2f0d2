import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import { RESOURCE_MANAGER_LIMITS } from '../src/connectors/azure/fake/token-buckets.ts';
import { CLOCK } from '../src/domain/access/actor.ts';
import { BUILT_IN_POLICY } from '../src/domain/policy/built-in-policy.ts';
import { connectionStream } from '../src/features/enforcement/connection-store.ts';
import { grantEnforcement } from '../src/features/enforcement/grant-work.ts';
import { Lanes } from '../src/features/enforcement/lanes.ts';
import { recordReader, removalConfirmer } from '../src/features/exceptions/enforced-records.ts';
import { exceptionDeadlines } from '../src/features/exceptions/exception-work.ts';
import { ledgerSequencing } from '../src/features/ledger/ledger-work.ts';
import { PolicyStore } from '../src/features/policy/policy-store.ts';
import { ensureFirstTenant, markDiverged } from '../src/features/tenants/tenant-service.ts';
import { fileCheckpointStore } from '../src/journal/checkpoint-store.ts';
import { record } from '../src/journal/journal.ts';
import { connectorMaker } from '../src/main/connectors.ts';
import { openDatabase } from '../src/platform/db/database.ts';
import { DueLoop } from '../src/platform/due/due-loop.ts';
import { newUlid } from '../src/platform/ids.ts';
import { masterKey } from '../src/platform/secrets/secrets.ts';
import { benchGrants, writeGrantedRecords } from './support/granted-records.ts';
import { printMachine } from './support/machine.ts';
import { openScratchDatabase, type ScratchDatabase } from './support/scratch-database.ts';

// Role assignments that all end at one instant, in a fake cloud with Azure's documented limits that runs
// in a process of its own: how long one worker takes until the last is seen gone, beside what the limits
// alone would take. The register's deadlines and its ledger are worked on meanwhile, as in use.

const AIM = 1.2;
const quick = process.argv.includes('--quick');
const runs = quick
  ? [
      { count: 400, subscriptions: 1 },
      { count: 3_000, subscriptions: 10 },
    ]
  : [
      { count: 10_000, subscriptions: 1 },
      { count: 10_000, subscriptions: 10 },
    ];
/** What a removal asks for: to delete it, and to see it gone. */
const CALLS = { read: 1, delete: 1 };

console.log('removals: grants that all end at once, one worker, Azure’s documented limits\n');
for (const [index, run] of runs.entries()) await measure(run, index === 0);

interface Left {
  readonly left: number;
  readonly calls: number;
  readonly throttled: number;
}

async function measure(
  { count, subscriptions }: (typeof runs)[number],
  first: boolean,
): Promise<void> {
  const scratch = await openScratchDatabase();
  const cloud = fork(join(import.meta.dirname, 'support', 'fake-cloud-process.ts'), [
    String(count),
    String(subscriptions),
  ]);
  const admin = new Client(scratch.admin);
  await admin.connect();
  try {
    const [{ port }] = (await once(cloud, 'message')) as [{ port: number }];
    if (first) await printMachine(scratch.admin);
    const { loop, end, db } = await prepare(scratch, count, subscriptions, port);
    await admin.query('VACUUM ANALYZE');
    await admin.query(
      'UPDATE lapse.test_clock SET offset_ms = $1 - floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint',
      [end],
    );
    const began = performance.now();
    loop.start();
    await untilGone(admin, count, began);
    const seconds = (performance.now() - began) / 1_000;
    await untilClosed(admin);
    const closed = (performance.now() - began) / 1_000;
    await loop.stop();
    await db.close();
    cloud.send('how much is left');
    const [{ left, calls, throttled }] = (await once(cloud, 'message')) as [Left];
    if (left !== 0) throw new Error(`${left} assignments are still there`);
    print({ count, subscriptions, seconds, closed, calls, throttled });
  } finally {
    cloud.disconnect();
    await admin.end();
    await scratch.close();
  }
}

async function prepare(
  scratch: ScratchDatabase,
  count: number,
  subscriptions: number,
  port: number,
) {
  const { application, worker } = scratch;
  const db = openDatabase({ application, worker, testClock: true });
  const master = masterKey(new Uint8Array(32).fill(7));
  const publicUrl = 'http://localhost:7400';
  const tenantId = await db.inSystem((tx) => ensureFirstTenant(tx, 'Bench', { publicUrl, master }));
  await db.inTenant(tenantId, async (tx) => {
    const data = {
      connector: 'azure' as const,
      ...{ mode: 'manage' as const, modes: {}, cloud: 'simulated' as const },
      directory_id: '99999999-0000-4000-8000-000000000000',
      ...{ subscriptions: [], groups: [], credential: { kind: 'environment' as const } },
    };
    record(tx, connectionStream, [
      {
        ...{ tenantId, streamId: 'azure', before: undefined, at: await tx.now, actor: CLOCK },
        events: [{ type: 'ConnectionPut', data }],
      },
    ]);
  });
  console.error(`writing ${count} grants …`);
  const end = await writeGrantedRecords(db, tenantId, benchGrants(count, subscriptions));
  const log = pino({ level: 'error' }, process.stderr);
  const policies = new PolicyStore(BUILT_IN_POLICY);
  const rewrite = (url: URL) =>
    new URL(`http://127.0.0.1:${port}/${url.host}${url.pathname}${url.search}`);
  const checkpoints = fileCheckpointStore(join(scratch.folder, 'checkpoints'));
  const grants = grantEnforcement(
    {
      db,
      recordsOf: recordReader(policies),
      confirmRemoval: removalConfirmer(policies),
      connectorFor: connectorMaker({ db, master, insideHosts: [], simulated: rewrite }),
      lanes: new Lanes(() => performance.now()),
      newId: newUlid,
    },
    log,
  );
  const sequencing = { db, master, checkpoints, onDiverged: markDiverged(db) };
  const works = [exceptionDeadlines(db, policies), ledgerSequencing(db, sequencing), grants];
  return { loop: new DueLoop(works, log), end, db };
}

async function untilGone(admin: Client, count: number, began: number): Promise<void> {
  for (let told = performance.now(); ; ) {
    const { rows } = await admin.query(
      "SELECT count(*)::int AS gone FROM lapse.grants WHERE status = 'removed'",
    );
    if (rows[0].gone === count) return;
    if (performance.now() - told > 10_000) {
      told = performance.now();
      const seconds = ((told - began) / 1_000).toFixed(0);
      console.error(`${rows[0].gone} of ${count} are gone after ${seconds} s …`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function untilClosed(admin: Client): Promise<void> {
  for (;;) {
    const { rowCount } = await admin.query(
      "SELECT FROM lapse.exceptions WHERE status <> 'Closed' LIMIT 1",
    );
    if (rowCount === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface Figures {
  readonly count: number;
  readonly subscriptions: number;
  readonly seconds: number;
  readonly closed: number;
  readonly calls: number;
  readonly throttled: number;
}

function print({ count, subscriptions, seconds, closed, calls, throttled }: Figures): void {
  const each = count / subscriptions;
  const bounds = (['read', 'delete'] as const).map((kind) => {
    const { burst, perSecond } = RESOURCE_MANAGER_LIMITS[kind];
    const needed = each * CALLS[kind];
    const formula = `${kind}s (${needed} - ${burst}) / ${perSecond} a second`;
    return { formula, seconds: Math.max(0, needed - burst) / perSecond };
  });
  const bound = bounds.reduce((one, other) => (other.seconds > one.seconds ? other : one));
  console.log(
    `\n${count} grants over ${subscriptions} subscription${subscriptions > 1 ? 's' : ''}`,
  );
  console.log(
    `  the last seen gone after ${seconds.toFixed(1)} s, every record closed after ${closed.toFixed(1)} s`,
  );
  console.log(
    `  theoretical minimum ${bound.seconds.toFixed(1)} s: ${bound.formula}, each subscription`,
  );
  console.log(`  ratio ${(seconds / bound.seconds).toFixed(2)} (aim: under ${AIM})`);
  console.log(`  ${calls} calls, ${throttled} of them refused with 429`);
}
