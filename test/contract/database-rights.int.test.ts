import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestRegister } from '../support/test-register.ts';

const register = await createTestRegister();
const admin = new pg.Client(register.admin);
const application = new pg.Client(register.application);
const worker = new pg.Client(register.worker);
const retention = new pg.Client(register.retention);
beforeAll(() =>
  Promise.all([admin, application, worker, retention].map((client) => client.connect())),
);
afterAll(async () => {
  await Promise.all([admin, application, worker, retention].map((client) => client.end()));
  await register.drop();
});

const LOGINS = [register.application.user, register.worker.user, register.retention.user];
const DENIED = '42501';

async function failure(client: pg.Client, sql: string): Promise<string> {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    return '';
  } catch (error) {
    return (error as pg.DatabaseError).code ?? 'none';
  } finally {
    await client.query('ROLLBACK');
  }
}

/** Written once and never again: not by those who serve requests, not by those who do the work. */
const INSERT_ONLY = [
  'events',
  'event_payloads',
  'ledger_leaves',
  'ledger_nodes',
  'ledger_heads',
  'ledger_checkpoints',
  'ledger_keys',
  'ledger_epochs',
  'comments',
  'schema_migrations',
];

describe.each([
  ['application', application],
  ['worker', worker],
] as const)('as the %s', (_, client) => {
  test.each(INSERT_ONLY)('lapse.%s cannot be changed or emptied', async (table) => {
    const [column] = (
      await admin.query(
        `SELECT quote_ident(attname) AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum = 1`,
        [`lapse.${table}`],
      )
    ).rows;
    expect(await failure(client, `UPDATE lapse.${table} SET ${column.name} = ${column.name}`)).toBe(
      DENIED,
    );
    expect(await failure(client, `DELETE FROM lapse.${table}`)).toBe(DENIED);
    expect(await failure(client, `TRUNCATE lapse.${table}`)).toBe(DENIED);
    expect(await failure(client, `ALTER TABLE lapse.${table} DISABLE ROW LEVEL SECURITY`)).toBe(
      DENIED,
    );
    expect(await failure(client, `DROP TABLE lapse.${table}`)).toBe(DENIED);
  });

  test('no other role can be taken on', async () => {
    const own = client === application ? 'lapse_app' : 'lapse_worker';
    const others = [
      'lapse_owner',
      'lapse_app',
      'lapse_worker',
      'lapse_retention',
      'lapse_backup',
      register.admin.user,
    ];
    for (const role of others.filter((name) => name !== own)) {
      expect({ role, code: await failure(client, `SET ROLE "${role}"`) }).toEqual({
        role,
        code: DENIED,
      });
      expect(await failure(client, `SET SESSION AUTHORIZATION "${role}"`)).toBe(DENIED);
      expect(await failure(client, `GRANT "${role}" TO "${client.user}"`)).toMatch(
        /^(42501|0LP01)$/,
      );
    }
    const unseen = 'SET row_security = off; SELECT FROM lapse.exceptions';
    expect(await failure(client, unseen)).toBe(DENIED);
  });

  test.each([
    'CREATE TABLE lapse.mine ()',
    'CREATE TABLE public.mine ()',
    'CREATE SCHEMA mine',
    'CREATE ROLE mine',
    'CREATE EXTENSION pg_trgm SCHEMA lapse',
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SELECT pg_read_file('PG_VERSION')",
    "ALTER SYSTEM SET fsync = 'off'",
    'CREATE FUNCTION lapse.current_tenant() RETURNS text LANGUAGE sql RETURN 1',
    'CREATE OR REPLACE FUNCTION lapse.current_tenant() RETURNS text LANGUAGE sql RETURN 1',
    'DROP POLICY tenant_isolation ON lapse.exceptions',
    'ALTER TABLE lapse.exceptions OWNER TO CURRENT_USER',
  ])('%s is refused', async (sql) => {
    expect(await failure(client, sql)).toMatch(/^(42501|25001|42723)$/);
  });
});

test('the application makes no ledger and opens no secret', async () => {
  for (const table of [
    'ledger_leaves',
    'ledger_nodes',
    'ledger_heads',
    'ledger_checkpoints',
    'ledger_keys',
    'ledger_epochs',
  ]) {
    expect(await failure(application, `INSERT INTO lapse.${table} DEFAULT VALUES`)).toBe(DENIED);
  }
  // Of secrets it reaches those of providers alone, and the ledger's keys not at all.
  await application.query('BEGIN');
  await application.query("SELECT set_config('lapse.tenant', $1, true)", [register.tenantId]);
  const seen = await application.query('SELECT secret_id FROM lapse.secrets');
  await application.query('ROLLBACK');
  expect(seen.rows).toEqual([]);
  const { rows } = await admin.query('SELECT secret_id FROM lapse.secrets');
  expect(rows).toEqual([{ secret_id: 'ledger-signing-key' }]);
  expect(await failure(application, 'DELETE FROM lapse.ledger_pending')).toBe(DENIED);
  expect(await failure(application, "UPDATE lapse.tenants SET state = 'active'")).toBe(DENIED);
  expect(await failure(application, 'UPDATE lapse.tasks SET detail = detail')).toBe(DENIED);
});

test('the retention sees nothing, and takes out rows of a tenant that is being deleted alone', async () => {
  const { rows } = await admin.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.columns
     WHERE table_schema = 'lapse' AND column_name = 'tenant_id'`,
  );
  const { tenantId } = register;
  await retention.query(`SET lapse.tenant = '${tenantId}'`);
  for (const { name } of rows) {
    // Whose rows they are is all that it may ask, and it finds none.
    expect(await failure(retention, `SELECT * FROM lapse.${name}`)).toBe(DENIED);
    const removed = await retention.query(`DELETE FROM lapse.${name} WHERE tenant_id <> 'x'`);
    expect({ name, removed: removed.rowCount }).toEqual({ name, removed: 0 });
    expect(await failure(retention, `INSERT INTO lapse.${name} DEFAULT VALUES`)).toBe(DENIED);
    const update = `UPDATE lapse.${name} SET tenant_id = 'x'`;
    expect(await failure(retention, update)).toBe(DENIED);
  }
  // What a tenant's own ledger says of it is not enough.
  const begun = `INSERT INTO lapse.tenant_standings (tenant_id, subject_id, version, state, deletion, deletes_at)
    VALUES ($1, $1, 1, '{}', 'begun', 'infinity')`;
  await admin.query(begun, [tenantId]);
  expect((await retention.query('DELETE FROM lapse.secrets')).rowCount).toBe(0);
});

test('the worker sees no token, and writes nothing that people write', async () => {
  expect(await failure(worker, 'SELECT FROM lapse.tokens')).toBe(DENIED);
  expect(await failure(worker, 'INSERT INTO lapse.tokens DEFAULT VALUES')).toBe(DENIED);
  expect(await failure(worker, 'SELECT FROM lapse.comments')).toBe(DENIED);
  expect(await failure(worker, 'UPDATE lapse.idempotency SET status = 200')).toBe(DENIED);
  expect(await failure(worker, 'UPDATE lapse.test_clock SET offset_ms = 1')).toBe(DENIED);
  expect(await failure(worker, "SELECT lapse.search_exceptions('x')")).toBe(DENIED);
  expect(await failure(worker, "SELECT lapse.reckon_findings('x')")).toBe(DENIED);
});

describe('the catalogue', () => {
  const rowsOf = async (sql: string) => (await admin.query(sql)).rows;

  test('grants nobody but the group roles anything, and nothing to pass on', async () => {
    const grants = await rowsOf(`
      SELECT c.relname, g.grantee::regrole::text AS grantee, g.privilege_type, g.is_grantable
      FROM pg_class c, aclexplode(c.relacl) g
      WHERE c.relnamespace = 'lapse'::regnamespace AND g.grantee <> c.relowner`);
    const strange = grants.filter(
      ({ grantee, privilege_type: right, is_grantable }) =>
        !['lapse_app', 'lapse_worker', 'lapse_retention', 'lapse_backup'].includes(grantee) ||
        is_grantable ||
        !['SELECT', 'INSERT', 'UPDATE', 'DELETE'].includes(right),
    );
    expect(strange).toEqual([]);
    expect(grants.length).toBeGreaterThan(40);
  });

  test('has every function that runs as its owner search in a fixed path, for named roles', async () => {
    const functions = await rowsOf(`
      SELECT p.proname, p.proconfig::text AS settings, p.proacl::text AS rights FROM pg_proc p
      WHERE p.prosecdef AND p.pronamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`);
    expect(functions.length).toBeGreaterThan(0);
    for (const { proname, settings, rights } of functions) {
      expect({ proname, settings }).toEqual({
        proname,
        settings: expect.stringContaining('search_path=pg_catalog, pg_temp'),
      });
      // An empty grantee in an access list is everybody.
      expect(rights).not.toMatch(/[{,]=/);
    }
  });

  test('has everything owned by a role that nobody logs in as', async () => {
    const owners = await rowsOf(`
      SELECT DISTINCT owner::regrole::text AS owner FROM (
        SELECT relowner AS owner FROM pg_class WHERE relnamespace = 'lapse'::regnamespace
        UNION ALL SELECT proowner FROM pg_proc WHERE pronamespace = 'lapse'::regnamespace
        UNION ALL SELECT typowner FROM pg_type WHERE typnamespace = 'lapse'::regnamespace
        UNION ALL SELECT nspowner FROM pg_namespace WHERE nspname = 'lapse') AS owned`);
    expect(owners).toEqual([{ owner: 'lapse_owner' }]);
    const groups = await rowsOf(`
      SELECT rolname, rolcanlogin OR rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication AS can
      FROM pg_roles WHERE rolname LIKE 'lapse\\_%' AND rolname NOT LIKE '%login' AND rolname NOT LIKE '%test%'`);
    expect(groups.filter(({ can }) => can)).toEqual([]);
    expect(groups).toHaveLength(5);
  });

  test('has logins that own nothing and may do nothing beside their one role', async () => {
    const logins = await admin.query(
      `SELECT r.rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication AS can,
         (SELECT array_agg(m.roleid::regrole::text || m.admin_option) FROM pg_auth_members m WHERE m.member = r.oid) AS member,
         (SELECT count(*)::int FROM pg_shdepend d WHERE d.refobjid = r.oid AND d.deptype = 'o') AS owns
       FROM pg_roles r WHERE rolname = ANY ($1) ORDER BY 1`,
      [LOGINS],
    );
    expect(logins.rows).toEqual([
      { rolname: register.application.user, can: false, member: ['lapse_appfalse'], owns: 0 },
      { rolname: register.retention.user, can: false, member: ['lapse_retentionfalse'], owns: 0 },
      { rolname: register.worker.user, can: false, member: ['lapse_workerfalse'], owns: 0 },
    ]);
  });

  test('keeps every index of a tenant behind its tenant', async () => {
    const indexes = await rowsOf(`
      SELECT i.indexrelid::regclass::text AS name, a.attname AS first
      FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum = 1
      JOIN pg_class t ON t.oid = i.indrelid
      WHERE t.relnamespace = 'lapse'::regnamespace AND i.indisunique`);
    const outside = ['schema_migrations', 'test_clock', 'worker_heartbeats'];
    const strange = indexes.filter(
      ({ name, first }) =>
        first !== 'tenant_id' && !outside.some((table) => name.startsWith(`lapse.${table}`)),
    );
    expect(strange).toEqual([]);
  });
});
