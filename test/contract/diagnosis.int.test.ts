import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { diagnose } from '../../src/features/diagnosis/diagnose.ts';
import { recordIn } from '../support/api-records.ts';
import { fully } from '../support/fully.ts';
import { START } from '../support/given.ts';
import { APPLICATION_LOGIN } from '../support/template-database.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createTestApi, type TestRequest } from '../support/test-api.ts';

let real = Date.now();
/** Housekeeping goes by real time: each test lets some of it pass first. */
let passed = 0;
const api = await createTestApi({ realNow: () => real });
afterAll(() => api.close());

/** The checks that are not ok, by name; asserts that every one says how to mend it. */
async function complaints(
  request: TestRequest = { as: 'administrator' },
): Promise<Record<string, string>> {
  const { status, body } = await api.send('GET', '/v1/diagnosis', request);
  expect(status).toBe(200);
  const bad = body.checks.filter(({ state }: { state: string }) => state !== 'ok');
  for (const { mend } of bad) expect(mend).toMatch(/\w/);
  return Object.fromEntries(
    bad.map(({ name, state, message }: Record<string, string>) => [name, `${state}: ${message}`]),
  );
}

/** What a sound server has to say in a test: databases for tests are fast, its clock is moved, nobody backs it up. */
const USUAL = {
  database: 'problem: fsync is off: a crash may lose what was committed',
  clock: expect.stringMatching(/^warning: the test clock is \d+ days away/),
  backup: 'warning: no backup was made from here',
};

beforeAll(async () => {
  await recordIn(api, 'Active');
});
beforeEach(async () => {
  passed += 10_000;
  real = Date.now() + passed;
  await api.lapse.loop.settle();
  real = Date.now();
});

test('a sound server has nothing to mend but what this test does to it', async () => {
  expect(await complaints()).toEqual(USUAL);
});

test('work that nobody does is a problem, the later the worse', async () => {
  await api.admin.query("UPDATE lapse.worker_heartbeats SET seen_at = seen_at - interval '1 hour'");
  const setClock = (now: number) =>
    api.admin.query(
      `UPDATE lapse.test_clock SET offset_ms = $1 - floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`,
      [now],
    );
  await setClock(START + 60 * DAY + 90_000);
  expect(await complaints()).toEqual({
    ...USUAL,
    worker: expect.stringMatching(/^problem: nobody works: the last was seen \d+ minutes ago/),
    'exception deadlines': expect.stringMatching(/^warning: 1 wait, the oldest for 9\d s/),
  });
  await setClock(START + 61 * DAY);
  expect(await complaints()).toMatchObject({
    'exception deadlines': expect.stringMatching(/^problem: 1 wait, the oldest for 2\d hours/),
  });
});

test('a ledger that cannot go on is a problem, and its task is named', async () => {
  await api.admin.query(
    "UPDATE lapse.tenants SET state = 'read-only', state_note = 'restored' WHERE tenant_id = $1",
    [api.tenantId],
  );
  await api.admin.query(
    `INSERT INTO lapse.tasks (tenant_id, task_id, kind, subject_type, subject_id, detail, opened_at)
     VALUES ($1, 'task_1', 'ledger-diverged', 'ledger', $1, 'restored', clock_timestamp())`,
    [api.tenantId],
  );
  expect(await complaints()).toEqual({
    ...USUAL,
    ledger: 'problem: the register can only be read: restored',
    tasks: 'warning: 1 wait for a person',
  });
  await api.admin.query("UPDATE lapse.tenants SET state = 'active'; DELETE FROM lapse.tasks");
});

test('a table without row-level security, and a schema of another release, are problems', async () => {
  await api.admin.query('ALTER TABLE lapse.comments DISABLE ROW LEVEL SECURITY');
  await api.admin.query("UPDATE lapse.schema_migrations SET name = 'x' || name");
  expect(await complaints()).toEqual({
    ...USUAL,
    roles: 'problem: row-level security is off for comments',
    schema: expect.stringMatching(/^problem: \S+ is not applied/),
  });
  await api.admin.query('ALTER TABLE lapse.comments ENABLE ROW LEVEL SECURITY');
  await api.admin.query('UPDATE lapse.schema_migrations SET name = substr(name, 2)');
});

test('a login that may do too much is a problem', async () => {
  await api.admin.query(`GRANT lapse_owner TO ${APPLICATION_LOGIN.name}`);
  expect((await complaints()).roles).toMatch(/^problem: \S+ is a superuser, passes/);
  await api.admin.query(`REVOKE lapse_owner FROM ${APPLICATION_LOGIN.name}`);
});

test('clocks that are apart are a problem', async () => {
  real = Date.now() + 10_000;
  expect((await complaints()).clock).toMatch(/^warning: the clocks .* are (9|1\d) s apart/);
  real = Date.now() - 120_000;
  expect((await complaints()).clock).toMatch(/^problem: the clocks .* are (119 s|2 minutes) apart/);
});

test('the last administrator’s token is missed before it ends', async () => {
  await api.admin.query(
    `UPDATE lapse.tokens SET expires_at = clock_timestamp() + interval '10 days 1 hour' WHERE state->>'role' = 'administrator'`,
  );
  expect((await complaints()).tokens).toBe(
    "warning: the last administrator's token ends in 10 days",
  );
  await api.admin.query(
    `UPDATE lapse.tokens SET expires_at = clock_timestamp() - interval '1 hour' WHERE state->>'role' = 'administrator'`,
  );
  expect((await complaints({ as: 'auditor' })).tokens).toBe(
    "warning: the last administrator's token has ended",
  );
  await api.admin.query(
    `UPDATE lapse.tokens SET expires_at = clock_timestamp() + interval '100 days' WHERE state->>'role' = 'administrator'`,
  );
});

test('what cannot be looked at is a problem by itself, and does not say what was asked', async () => {
  await api.admin.query('REVOKE SELECT ON lapse.tasks FROM lapse_app');
  const found = await complaints();
  await api.admin.query('GRANT SELECT ON lapse.tasks TO lapse_app');
  expect(found).toEqual({
    ...USUAL,
    tasks: 'problem: could not be looked at (DatabaseError 42501)',
  });
});

test.each([
  ['a backup of yesterday', 1, undefined],
  ['one of last month', 30, 'the last one is 30 days old'],
])('%s', async (_, days, complaint) => {
  const dataDir = temporaryFolder();
  mkdirSync(dataDir, { recursive: true });
  const at = new Date(Date.now() - days * DAY).toISOString();
  writeFileSync(join(dataDir, 'last-backup.json'), JSON.stringify({ at }));
  const { db, checkpoints } = api.lapse;
  const lookAtFiles = async () => ({ files: 0, read: 0, lost: [] });
  const parts = { db, dataDir, works: [], checkpoints, lookAtFiles };
  const { master } = api.register;
  const patient = { ...parts, master, schemaVersion: '', realNow: Date.now };
  const checks = await diagnose(patient, fully(api.tenantId));
  const backup = checks.find(({ name }) => name === 'backup');
  expect(backup?.state === 'ok' ? undefined : backup?.message).toBe(complaint);
});

test('it is not for everybody', async () => {
  for (const as of ['requestor', 'approver'] as const)
    expect((await api.send('GET', '/v1/diagnosis', { as })).status).toBe(403);
});
