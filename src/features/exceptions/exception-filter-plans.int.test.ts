import fc from 'fast-check';
import type { CompiledQuery } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { fully } from '../../../test/support/fully.ts';
import { START } from '../../../test/support/given.ts';
import { beginnings, moves, tell } from '../../../test/support/random-story.ts';
import { samePolicy } from '../../../test/support/same-policy.ts';
import { createTestRegister, type TestRegister } from '../../../test/support/test-register.ts';
import type { Classification } from '../../domain/access/clearance.ts';
import {
  CATEGORIES,
  CLASSIFICATIONS,
  CONTROLS,
  ENVIRONMENTS,
} from '../../domain/exception/fields.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import { STATUSES } from '../../domain/exception/status.ts';
import { BUILT_IN_POLICY } from '../../domain/policy/built-in-policy.ts';
import { DAY, HOUR } from '../../domain/schedule/instant.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { encodeCursor } from '../../platform/http/cursor.ts';
import type { ExceptionFilter } from './exception-filter.ts';
import { countQuery, gatheredQuery, pageQuery, SORTS } from './exception-list-query.ts';
import { GATHERED } from './exception-search.ts';
import { exceptionStream } from './exception-store.ts';
import { ExceptionViews, wholeColumns } from './exception-views.ts';

const ROWS = 20_000;
const BATCH = 500;
const STORIES = 400;

/** Every filter by itself, and those that people combine. */
const FILTERS: Readonly<Record<string, ExceptionFilter>> = {
  none: {},
  ...Object.fromEntries(STATUSES.map((status) => [`status ${status}`, { status: [status] }])),
  'several statuses': { status: ['Draft', 'Under-Review', 'Approved'] },
  category: { category: ['network'] },
  control: { control: ['firewall'] },
  environment: { environment: ['prod'] },
  data_classification: { data_classification: ['restricted'] },
  severity: { severity: ['High'] },
  kind: { kind: ['time-boxed'] },
  requestor: { requestor: ['person7@example.com'] },
  owner: { owner: ['person7@example.com'] },
  service: { service: ['service-7'] },
  policy_ref: { policy_ref: ['policy#7'] },
  'expires before': { expires_before: START + 5 * DAY },
  'expires after': { expires_after: START + 5 * DAY },
  'expiring within': { expiring_within: 7 },
  overdue: { overdue: true },
  'not overdue': { overdue: false },
  open: { open: true },
  'not open': { open: false },
  search: { q: 'number-1234' },
  'a search that finds many': { q: 'person' },
  'open, of a search that finds many': { q: 'person', open: true },
  'open in production': { open: true, environment: ['prod'], severity: ['High'] },
  "an owner's overdue": { owner: ['person7@example.com'], overdue: true },
};

/** Of everything, and of half the records: as many have each classification. */
const CLEARANCES = ['confidential', 'internal'] as const;

let register: TestRegister;

beforeAll(async () => {
  register = await createTestRegister();
  const states = fc
    .sample(fc.tuple(beginnings, moves), { numRuns: STORIES, seed: 20_260_101 })
    .map(([beginning, tried]) => tell(beginning, tried).at(-1)?.state as ExceptionState);
  for (let first = 0; first < ROWS; first += BATCH) {
    const changes = Array.from({ length: BATCH }, (_, index) => {
      const state = variation(
        states[(first + index) % states.length] as ExceptionState,
        first + index,
      );
      const { tenantId } = register;
      return { tenantId, id: state.exception_id, version: 1, state, previous: undefined };
    });
    await register.db.inTenant(fully(register.tenantId), async (tx) =>
      exceptionStream.write(tx, changes),
    );
  }
  const admin = new pg.Client(register.admin);
  await admin.connect();
  // As autovacuum leaves it: statistics, and the visibility map that index-only scans rest on.
  await admin.query('VACUUM (ANALYZE)');
  await admin.end();
});

afterAll(() => register?.drop());

const lists = Object.keys(FILTERS).flatMap((name) =>
  SORTS.flatMap((sort) => [false, true].map((descending) => ({ name, sort, descending }))),
);

describe.each(CLEARANCES)(
  'cleared for what is %s, of 20,000 records, an index serves',
  (clearance) => {
    it.each(lists)(
      '$name, sorted by $sort, descending: $descending',
      async ({ name, sort, descending }) => {
        const position = sort === 'title' ? 'number-5' : '2026-01-03 00:00:00+00';
        const cursor = encodeCursor(sort, position, idOf(5));
        for (const from of [undefined, cursor]) {
          const filter = FILTERS[name] ?? {};
          const request = { filter, sort, descending, limit: 50, cursor: from, exactCount: false };
          for (const plan of await plans(request, clearance))
            expect(readsAll(plan), plan).toBe(false);
        }
      },
    );
  },
);

describe.each(CLEARANCES)(
  'cleared for what is %s, whatever the parameters, a plan that is kept passes over few records',
  (clearance) => {
    it.each(lists.filter(({ name }) => ['open', 'overdue', 'status Expired'].includes(name)))(
      '$name, sorted by $sort, descending: $descending',
      async ({ name, sort, descending }) => {
        const { tenantId } = register;
        const selection = {
          tenantId,
          filter: FILTERS[name] ?? {},
          now: START,
          gathering: undefined,
        };
        const order = { sort, descending, limit: 50, after: undefined };
        for (const query of [
          pageQuery(selection, order, wholeColumns()),
          countQuery(selection, 1_001),
        ])
          expect(await passedOver(query, clearance)).toBeLessThan(ROWS / 10);
      },
    );
  },
);

test('a search that finds more than the statistics say is walked, in the same order', async () => {
  const views = new ExceptionViews(register.db, samePolicy(BUILT_IN_POLICY));
  const request = { filter: { q: 'person' }, sort: 'title', descending: true, limit: 50 } as const;
  const list = () => views.list(fully(register.tenantId), { ...request, exactCount: false });
  const reckoned = await list();
  const admin = new pg.Client(register.admin);
  await admin.connect();
  const forget = "DELETE FROM pg_statistic WHERE starelid = 'lapse.exception_search'::regclass";
  await admin.query(forget);
  const [row] = await register.db.inTenant(fully(register.tenantId), (tx) =>
    tx.query<{ findings: number }>('SELECT lapse.reckon_findings($1)::int AS findings', [
      "'person':*",
    ]),
  );
  await admin.end();
  expect(row?.findings).toBeLessThan(GATHERED);
  const found = await list();
  const idsOf = ({ items }: typeof found) => items.map(({ state }) => state.exception_id);
  expect(idsOf(found)).toEqual(idsOf(reckoned));
  expect(found).toMatchObject({ total: 1_000, total_is_minimum: true });
});

test.each([
  ['what ends soon', { expiring_within: 7 }, SORTS],
  ['what ends in a span of time', { expires_after: START + 5 * DAY }, ['created_at', 'updated_at']],
] as const)('%s is gathered from an index alone', async (_, filter, sorts) => {
  for (const sort of sorts) {
    const order = { sort, descending: false, limit: 50, after: undefined };
    const selection = {
      tenantId: register.tenantId,
      filter,
      now: START,
      gathering: 'ends',
    } as const;
    const query = gatheredQuery(selection, order, wholeColumns());
    const plan = await register.db.inTenant(fully(register.tenantId), (tx) => keptPlan(tx, query));
    expect(plan).toMatch(/Index Only Scan using exceptions_by_(status_)?expires/);
  }
});

let plansKept = 0;

/** The plan of a statement that is kept, whatever its parameters, where the transaction asks for such. */
async function keptPlan(
  tx: Transaction,
  { sql, parameters }: CompiledQuery<unknown>,
  options = '',
): Promise<string> {
  const texts = parameters.map((each) => (Array.isArray(each) ? `{${each.join()}}` : `${each}`));
  const values = texts.map((text) => pg.escapeLiteral(text)).join(', ');
  // Those of a list go out together.
  plansKept += 1;
  const kept = `kept_${plansKept}`;
  await tx.query(`PREPARE ${kept} AS ${sql}`);
  const plan = await tx.query(`EXPLAIN ${options} EXECUTE ${kept} ${values && `(${values})`}`);
  await tx.query(`DEALLOCATE ${kept}`);
  return plan.map((row) => row['QUERY PLAN']).join('\n');
}

/** How many rows the plan for any parameters reads and leaves out. */
async function passedOver(
  query: CompiledQuery<unknown>,
  clearance: Classification,
): Promise<number> {
  return register.db.inTenant({ tenantId: register.tenantId, clearance }, async (tx) => {
    await tx.query("SELECT set_config('plan_cache_mode', 'force_generic_plan', true)");
    const text = await keptPlan(tx, query, '(ANALYZE, TIMING OFF, BUFFERS OFF)');
    const removed = [...text.matchAll(/Rows Removed by Filter: (\d+)/g)].map(([, count]) => count);
    return removed.reduce((sum, count) => sum + Number(count), 0);
  });
}

/** What a count answers, and a page that is gathered. */
const NOTHING = { total: 0, too_many: false, exception_id: null };

/** The plans of a list's queries, as the application's login gets them. */
async function plans(
  request: Parameters<ExceptionViews['list']>[1],
  clearance: Classification,
): Promise<string[]> {
  const explained: string[] = [];
  const explain = (tx: Transaction): Transaction => ({
    now: tx.now,
    query: (text, values) => tx.query(text, values),
    atCommit: (text, values) => tx.atCommit(text, values),
    async execute(query) {
      explained.push(await keptPlan(tx, query));
      return (query.sql.includes('count(*)') ? [NOTHING] : []) as never;
    },
  });
  const db: Database = {
    ...register.db,
    inTenant: (reach, work) => register.db.inTenant(reach, (tx) => work(explain(tx))),
  };
  await new ExceptionViews(db, samePolicy(BUILT_IN_POLICY)).list(
    { tenantId: register.tenantId, clearance },
    request,
  );
  return explained;
}

function readsAll(plan: string): boolean {
  return /Seq Scan on (lapse\.)?exceptions\b/.test(plan);
}

function idOf(index: number): string {
  return `EXC_${String(index).padStart(26, '0')}`;
}

/** The same story as another record: other people, services, rules and times of making. */
function variation(state: ExceptionState, index: number): ExceptionState {
  const pick = <T>(from: readonly T[]) => from[index % from.length] as T;
  const person = { name: `Person ${index % 300}`, email: `person${index % 300}@example.com` };
  return {
    ...state,
    exception_id: idOf(index),
    ...(state.request ? { request: { ...state.request, places: [idOf(index)] } } : {}),
    created_at: START + index * (HOUR / 60),
    updated_at: START + index * (HOUR / 60),
    fields: {
      ...state.fields,
      title: `number-${index}`,
      category: pick(CATEGORIES),
      control: pick(CONTROLS),
      environment: pick(ENVIRONMENTS),
      data_classification: pick(CLASSIFICATIONS),
      requestor: person,
      owners: [person],
      services: [`service-${index % 400}`],
      policy_ref: [`policy#${index % 200}`],
    },
  };
}
