import { Client } from 'pg';
import { fieldsOrRefuse, parseFields } from '../../src/domain/exception/parse-fields.ts';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { exceptionCounts } from '../../src/features/exceptions/exception-count-work.ts';
import { COUNT_CREATED } from '../../src/features/exceptions/exception-counts.ts';
import { draftAll } from '../../src/features/exceptions/exception-drafts.ts';
import type { Transaction } from '../../src/platform/db/transaction.ts';
import { cpuSeconds } from './process-usage.ts';
import { sampleRequest } from './sample-request.ts';
import type { ScratchDatabase } from './scratch-database.ts';

/** PostgreSQL's processor time for one draft's writes, in seconds. */
export interface CreateCost {
  readonly counted: number;
  readonly bare: number;
  /** For adding up one delta, as due work does afterwards. */
  readonly addUp: number;
}

const ROUND = 400;

/**
 * The product's own statements of a draft, and the same without their part that counts, in turns on
 * one connection each.
 */
export async function measureCreateCost(
  scratch: ScratchDatabase,
  tenantId: string,
  rounds: number,
): Promise<CreateCost> {
  const clients = { counted: await open(scratch), bare: await open(scratch) };
  const spent = { counted: 0, bare: 0 };
  let serial = 0;
  try {
    // The first round warms up.
    for (let round = 0; round <= rounds; round += 1) {
      for (const kind of ['counted', 'bare'] as const) {
        const drafts: Statement[][] = [];
        for (let n = 0; n < ROUND; n += 1) {
          serial += 1;
          drafts.push(await draft(tenantId, serial, kind));
        }
        const { client, pid } = clients[kind];
        const before = cpuSeconds(pid);
        for (const statements of drafts) await run(client, tenantId, statements);
        if (round > 0) spent[kind] += (cpuSeconds(pid) - before) / (rounds * ROUND);
      }
    }
    return { ...spent, addUp: await measureAddUp(scratch) };
  } finally {
    for (const { client } of Object.values(clients)) await client.end();
  }
}

interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}

async function draft(
  tenantId: string,
  serial: number,
  kind: 'counted' | 'bare',
): Promise<Statement[]> {
  const sent: Statement[] = [];
  const tx: Transaction = {
    now: Promise.resolve(Date.now()),
    query: () => Promise.reject(new Error('a draft asks nothing')),
    execute: () => Promise.reject(new Error('a draft asks nothing')),
    atCommit(text, values) {
      const part = `, ${COUNT_CREATED}`;
      const name = `${kind}_${sent.length}`;
      const own = kind === 'counted' ? text : text.replace(part, '');
      sent.push({ name, text: own, values: [...values] });
    },
  };
  const fields = fieldsOrRefuse(parseFields(sampleRequest(serial)));
  const actor = { id: 'tok_bench', name: 'Bench', role: 'requestor' as const };
  await draftAll(tx, BUILT_IN_POLICY, tenantId, actor, [{ fields }]);
  return sent;
}

async function run(client: Client, tenantId: string, statements: readonly Statement[]) {
  await client.query(`BEGIN; SET LOCAL lapse.tenant = '${tenantId}'`);
  for (const statement of statements) await client.query(statement);
  await client.query('COMMIT');
}

async function measureAddUp(scratch: ScratchDatabase): Promise<number> {
  const { rows } = await query(
    scratch,
    'SELECT count(*)::int AS count FROM lapse.exception_count_deltas',
  );
  const before = await workerSeconds(scratch);
  while ((await exceptionCounts(scratch.db).runBatch()) > 0);
  return ((await workerSeconds(scratch)) - before) / Number(rows[0]?.count);
}

/** Processor time of the worker's connections; they stay open meanwhile. */
async function workerSeconds(scratch: ScratchDatabase): Promise<number> {
  await scratch.db.inSystem((tx) => tx.now);
  const { rows } = await query(
    scratch,
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'lapse-worker'",
  );
  return rows.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
}

async function query(scratch: ScratchDatabase, text: string) {
  const client = new Client(scratch.admin);
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

async function open(scratch: ScratchDatabase) {
  const client = new Client(scratch.application);
  await client.connect();
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
  return { client, pid: Number(rows[0]?.pid) };
}
