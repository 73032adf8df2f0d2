import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command, draft, recordIn } from '../support/api-records.ts';
import { COMPLETE, START } from '../support/given.ts';
import { createTestApi, type TestTenant } from '../support/test-api.ts';

const api = await createTestApi();
const { admin, register } = api;
const application = new pg.Client(register.application);
const worker = new pg.Client(register.worker);
let other: TestTenant;

const { rows: tenantTables } = await admin.query<{ name: string }>(
  `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
   WHERE c.relnamespace = 'lapse'::regnamespace AND c.relkind IN ('r', 'p') AND a.attname = 'tenant_id'
   ORDER BY 1`,
);
const tables = tenantTables.map(({ name }) => name);

beforeAll(async () => {
  await Promise.all([application.connect(), worker.connect()]);
  other = await api.addTenant();
  await recordIn(api, 'Active');
  const { exception_id: id } = await draft(api, { services: ['a'] });
  await command(api, id, 'comments');
  const token = other.tokens.requestor;
  const theirs = await api.send('POST', '/v1/exceptions?submit=true', {
    token,
    body: COMPLETE,
    headers: { 'idempotency-key': 'theirs' },
  });
  await api.send('POST', `/v1/exceptions/${theirs.body.exception_id}/comments`, {
    token,
    body: { body: 'theirs' },
  });
  await api.moveTo(START + 1_000);
  // Rows of both tenants in every table that the application may read at all.
  await admin.query(
    `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
     SELECT tenant_id, 'task_1', 'quarantine', 'exception', 'x', 'x', now() FROM lapse.tenants`,
  );
});
afterAll(async () => {
  await Promise.all([application.end(), worker.end()]);
  await api.close();
});

/** The SQLSTATE that a statement fails with; the empty text where it passes. */
async function failure(client: pg.Client, sql: string, values: unknown[] = []): Promise<string> {
  try {
    await client.query(sql, values);
    return '';
  } catch (error) {
    return (error as pg.DatabaseError).code ?? 'none';
  }
}

const DENIED = '42501';

/** Runs as the application with a tenant set, and takes back whatever it did. */
async function asTenant<T>(tenantId: string, run: () => Promise<T>): Promise<T> {
  await application.query('BEGIN');
  try {
    await application.query(
      "SELECT set_config('lapse.tenant', $1, true), set_config('lapse.clearance', 'confidential', true)",
      [tenantId],
    );
    return await run();
  } finally {
    await application.query('ROLLBACK');
  }
}

test('the suite sees tables, and rows of two tenants in those that matter', async () => {
  expect(tables).toEqual(expect.arrayContaining(['events', 'exceptions', 'tokens', 'secrets']));
  for (const name of ['events', 'exceptions', 'tokens', 'comments', 'ledger_leaves', 'tasks']) {
    const { rows } = await admin.query(`SELECT DISTINCT tenant_id FROM lapse.${name}`);
    expect({ name, tenants: rows.length }).toEqual({ name, tenants: 2 });
  }
});

describe.each(tables)('lapse.%s', (name) => {
  test('has row-level security, by policies that the tenant alone decides', async () => {
    const { rows } = await admin.query(
      `SELECT c.relrowsecurity AS secured FROM pg_class c WHERE c.oid = $1::regclass`,
      [`lapse.${name}`],
    );
    expect(rows).toEqual([{ secured: true }]);
    const policies = await admin.query<{ roles: string; sees: string; writes: string }>(
      `SELECT roles::text, qual AS sees, with_check AS writes FROM pg_policies
       WHERE schemaname = 'lapse' AND tablename = $1 AND permissive = 'PERMISSIVE' AND NOT roles <@ '{lapse_worker,lapse_retention,lapse_backup}'`,
      [name],
    );
    const own =
      name === 'secrets'
        ? ['provider', 'connection'].map(
            (kind) => `((tenant_id = lapse.current_tenant()) AND (secret_id ~~ '${kind}/%'::text))`,
          )
        : ['(tenant_id = lapse.current_tenant())'];
    for (const { roles, sees, writes } of policies.rows) {
      expect(roles).toBe('{lapse_app}');
      expect(own).toContain(sees);
      expect(writes).toBe(sees);
    }
  });

  test('shows the application nothing without a tenant, nothing of another with one', async () => {
    const select = `SELECT DISTINCT tenant_id FROM lapse.${name}`;
    const granted = (await failure(application, select)) === '';
    if (!granted) return;
    for (const nobody of [undefined, '', 'x', "' OR true --"]) {
      await application.query('BEGIN');
      if (nobody !== undefined) {
        await application.query("SELECT set_config('lapse.tenant', $1, true)", [nobody]);
      }
      expect((await application.query(select)).rows).toEqual([]);
      await application.query('ROLLBACK');
    }
    for (const tenantId of [api.tenantId, other.tenantId]) {
      const { rows } = await asTenant(tenantId, () => application.query(select));
      expect(rows.filter((row) => row.tenant_id !== tenantId)).toEqual([]);
    }
  });
});

test('tables without a tenant are those that hold nothing of one', async () => {
  const { rows } = await admin.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relnamespace = 'lapse'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1`,
  );
  const without = rows.map(({ name }) => name).filter((name) => !tables.includes(name));
  expect(without).toEqual(['schema_migrations', 'test_clock', 'worker_heartbeats']);
});

test('a search as one tenant finds nothing of another', async () => {
  const search = "SELECT lapse.search_exceptions('oauth') AS id";
  const [ours, theirs] = [
    await asTenant(api.tenantId, () => application.query(search)),
    await asTenant(other.tenantId, () => application.query(search)),
  ];
  expect(ours.rowCount).toBe(2);
  expect(theirs.rowCount).toBe(1);
  expect((await application.query(search)).rows).toEqual([]);
});

test('a search does not find one record of another tenant', async () => {
  const { rows } = await admin.query<{ id: string; tenant: string }>(
    'SELECT exception_id AS id, tenant_id AS tenant FROM lapse.exception_search',
  );
  const found = async (tenantId: string) => {
    const finds = `SELECT exception_id AS id FROM lapse.exception_search
      WHERE exception_id = ANY ($1) AND search @@ to_tsquery('simple', 'oauth')`;
    return asTenant(tenantId, () => application.query(finds, [rows.map(({ id }) => id)]));
  };
  for (const [tenantId, count] of [
    [api.tenantId, 2],
    [other.tenantId, 1],
  ] as const) {
    const ids = (await found(tenantId)).rows.map(({ id }) => id);
    expect(ids).toHaveLength(count);
    expect(ids.map((id) => rows.find((row) => row.id === id)?.tenant)).toEqual(
      ids.map(() => tenantId),
    );
  }
});

test('the application writes no row of another tenant, and moves none there', async () => {
  const insert = `INSERT INTO lapse.comments (tenant_id, exception_id, comment_id, author_id, author_name, body, created_at)
    VALUES ($1, 'x', 'x', 'x', 'x', 'x', now())`;
  const { tenantId } = api;
  expect(await asTenant(tenantId, () => failure(application, insert, [tenantId]))).toBe('');
  expect(await asTenant(tenantId, () => failure(application, insert, [other.tenantId]))).toBe(
    DENIED,
  );
  expect(await failure(application, insert, [tenantId])).toBe(DENIED);
  const move = 'UPDATE lapse.exceptions SET tenant_id = $1';
  expect(await asTenant(tenantId, () => failure(application, move, [other.tenantId]))).toBe(DENIED);
  const touched = await asTenant(tenantId, () =>
    application.query('UPDATE lapse.exceptions SET title = title WHERE tenant_id = $1', [
      other.tenantId,
    ]),
  );
  expect(touched.rowCount).toBe(0);
});
