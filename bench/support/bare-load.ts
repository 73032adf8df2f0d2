import { Client, type ClientConfig } from 'pg';
import { parseFields } from '../../src/domain/exception/parse-fields.ts';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { ExceptionService } from '../../src/features/exceptions/exception-service.ts';
import { PolicyStore } from '../../src/features/policy/policy-store.ts';
import { assertWritable } from '../../src/features/tenants/tenant-service.ts';
import type { Database, Transaction } from '../../src/platform/db/transaction.ts';
import { loadOptions, serveLoad } from './load.ts';
import { sampleRequest } from './sample-request.ts';

/** What `create-and-submit.ts` gives this process. */
export interface BareLoad {
  readonly application: ClientConfig;
  readonly tenantId: string;
  readonly clients: number;
  /** Transactions in all that it will be told to run. */
  readonly count: number;
  /** The serial after which its records count. */
  readonly first: number;
  /** Send all statements of a transaction at once, instead of waiting for each. */
  readonly pipeline: boolean;
}

interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
}

const { application, tenantId, clients, count, first, pipeline } = loadOptions<BareLoad>();
/** What a register answers whose tenant may be written, and goes by the built-in pack. */
const WRITABLE = { state: 'active', state_note: null };
const BUILT_IN = { digest: null, pack: null, has_built_in: true };
const names = new Map<string, string>();
const transactions: Statement[][] = [];
for (let each = 1; each <= count; each += 1) transactions.push(await statementsOf(first + each));

const opened = await Promise.all(
  Array.from({ length: clients }, async () => {
    const client = new Client({ ...application, pipeline } as ClientConfig);
    await client.connect();
    return client;
  }),
);
serveLoad(opened.map((client) => () => run(client, transactions.pop())));

async function run(client: Client, statements: readonly Statement[] | undefined): Promise<void> {
  if (!statements) throw new Error('fewer transactions were made ready than are asked for');
  if (pipeline) await Promise.all(statements.map((statement) => client.query(statement)));
  else for (const statement of statements) await client.query(statement);
}

/** What one create-and-submit sends to PostgreSQL: the product's own statements and parameters. */
async function statementsOf(serial: number): Promise<Statement[]> {
  const sent: Statement[] = [];
  const add = (text: string, values: readonly unknown[]) => {
    sent.push({ name: nameOf(text), text, values: [...values] });
  };
  const tx: Transaction = {
    now: Promise.resolve(Date.now()),
    async query<Row>(text: string, values: readonly unknown[] = []) {
      add(text, values);
      return [{ ...WRITABLE, tenant_id: tenantId, ...BUILT_IN }] as Row[];
    },
    execute: () => Promise.reject(new Error('a create composes no statement')),
    atCommit: add,
  };
  const db = { inTenant: (_: string, work: (tx: Transaction) => unknown) => work(tx) } as Database;
  const service = new ExceptionService({
    db,
    policies: new PolicyStore(BUILT_IN_POLICY),
    assertWritable,
    peopleOf: () => Promise.reject(new Error('a create asks nobody')),
    barredOf: async () => [],
  });
  const parsed = parseFields(sampleRequest(serial));
  if (!('value' in parsed)) throw new Error(JSON.stringify(parsed.errors));
  const actor = { id: 'tok_bench', name: 'Bench', role: 'requestor' as const };
  await service.create(
    { tenantId, actor, clearance: 'confidential' },
    { type: 'DraftException', fields: parsed.value },
    true,
  );
  const begin = `BEGIN; SET LOCAL lapse.tenant = '${tenantId}'; SET LOCAL lapse.clearance = 'confidential'; SELECT floor(extract(epoch FROM clock_timestamp()) * 1000) AS now`;
  return [{ text: begin }, ...sent, { text: 'COMMIT' }];
}

function nameOf(text: string): string {
  names.set(text, names.get(text) ?? `bare_${names.size + 1}`);
  return names.get(text) ?? '';
}
