import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fastFolder } from '../../../test/support/fast-folder.ts';
import { createTestRegister, type TestRegister } from '../../../test/support/test-register.ts';
import { APPROVAL_ROLES } from '../../domain/access/actor.ts';
import { CATEGORIES, CONTROLS } from '../../domain/exception/fields.ts';
import type { ExceptionState } from '../../domain/exception/state.ts';
import { CLOSED_REASONS, STATUSES } from '../../domain/exception/status.ts';
import { unmetRequirements } from '../../domain/policy/approval-progress.ts';
import { newestMigration } from '../../platform/db/migrate.ts';
import { compose } from '../compose.ts';
import { migrationsFolder } from '../database-setup.ts';
import { seedDemo } from './seed-demo.ts';

let register: TestRegister;
let admin: pg.Client;
let dataDir: string;
let demoTenant: string;

const config = () => ({
  host: '127.0.0.1',
  port: 0,
  dataDir,
  publicUrl: 'http://localhost:7400',
  tenantName: 'Test',
  undecidedAfter: undefined,
  archiveAfter: undefined,
  connections: 6,
  workPort: undefined,
  s3: undefined,
  areLinksRead: false,
  insideHosts: [],
  logLevel: 'error',
  limits: { requests: 1e7, failures: 1e7, signIns: 1e7 },
  freshSignIn: 900_000,
  trustedProxies: [],
});

async function seed(): Promise<string> {
  return seedDemo({
    config: config(),
    db: register.db,
    master: register.master,
    firstTenantId: register.tenantId,
    schemaVersion: await newestMigration(migrationsFolder()),
    onProgress: () => {},
  });
}

async function column(sql: string): Promise<unknown[]> {
  const { rows } = await admin.query({ text: sql, values: [demoTenant], rowMode: 'array' });
  return rows.map(([value]) => value);
}

beforeAll(async () => {
  register = await createTestRegister();
  admin = new pg.Client(register.admin);
  await admin.connect();
  dataDir = mkdtempSync(join(fastFolder(), 'lapse-demo-'));
  await seed();
  const { rows } = await admin.query(
    "SELECT tenant_id FROM lapse.tenants WHERE name = 'Demonstration'",
  );
  demoTenant = rows[0].tenant_id;
}, 120_000);

afterAll(async () => {
  await admin.end();
  await register.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

test('it has about 60 exceptions, in every state, category and control, and closed for every reason', async () => {
  const all = 'FROM lapse.exceptions WHERE tenant_id = $1';
  expect((await column(`SELECT exception_id ${all}`)).length).toBeGreaterThanOrEqual(60);
  const distinct = async (name: string) =>
    (await column(`SELECT DISTINCT ${name} ${all} AND ${name} IS NOT NULL`)).sort();
  expect(await distinct('status')).toEqual([...STATUSES].sort());
  expect(await distinct('category')).toEqual([...CATEGORIES].sort());
  expect(await distinct('control')).toEqual([...CONTROLS].sort());
  expect(await distinct("state->'closed'->>'reason'")).toEqual([...CLOSED_REASONS].sort());
});

test('the history spans six months, and somebody has renewed more than three times', async () => {
  const [days] = await column(
    `SELECT extract(day FROM max(updated_at) - min(created_at))::int FROM lapse.exceptions WHERE tenant_id = $1`,
  );
  expect(days).toBeGreaterThan(160);
  const [renewals] = await column(
    `SELECT max((state->>'renewal_number')::int) FROM lapse.exceptions WHERE tenant_id = $1`,
  );
  expect(renewals).toBeGreaterThan(3);
});

test('every role of the matrix has approved something, and some wait for one role alone', async () => {
  const states = (await column(
    'SELECT state FROM lapse.exceptions WHERE tenant_id = $1',
  )) as ExceptionState[];
  const roles = states.flatMap(({ approvals }) => approvals.map(({ role }) => role));
  expect([...new Set(roles)].sort()).toEqual([...APPROVAL_ROLES].sort());
  const waiting = states.flatMap(({ status, request, approvals, pending_change: change }) => {
    const requirements = status === 'Under-Review' ? request?.requirements : change?.requirements;
    const unmet = unmetRequirements(requirements ?? [], change?.approvals ?? approvals);
    return unmet.length === 1 ? [`${change?.kind ?? 'request'}: ${unmet[0]?.role}`] : [];
  });
  expect(waiting.sort()).toEqual([
    'extension: ciso',
    'request: ciso',
    'request: domain-owner',
    'request: platform-lead',
  ]);
});

test('its ledger verifies', async () => {
  const { db, master } = register;
  const lapse = compose({ config: config(), db, master, log: pino({ level: 'silent' }) });
  const result = await lapse.verifyLedger(demoTenant, () => {}, AbortSignal.any([]));
  expect(result.findings).toEqual([]);
  expect(result.entries).toBeGreaterThan(400);
});

test('its tokens are kept for its owner alone, and asking again adds nothing', async () => {
  const folder = await seed();
  expect(readdirSync(folder).sort()).toEqual([
    'administrator-token',
    'approver-token',
    'auditor-token',
    'ciso-token',
    'requestor-token',
  ]);
  for (const name of readdirSync(folder))
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  const { rows } = await admin.query('SELECT count(*)::int AS tenants FROM lapse.tenants');
  expect(rows[0].tenants).toBe(2);
});

test('the time is real again afterwards', async () => {
  const { rows } = await admin.query('SELECT offset_ms FROM lapse.test_clock');
  expect(rows[0].offset_ms).toBe('0');
});
