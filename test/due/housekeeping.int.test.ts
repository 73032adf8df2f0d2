import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import { housekeeping } from '../../src/platform/due/housekeeping.ts';
import { START } from '../support/given.ts';
import { createTestRegister, type TestRegister } from '../support/test-register.ts';
import { moveClock, openAdmin } from './due-records.ts';

let register: TestRegister;
let admin: pg.Client;

beforeAll(async () => {
  register = await createTestRegister();
  admin = await openAdmin(register.admin);
});

afterAll(async () => {
  await admin.end();
  await register.drop();
});

test('answers older than 72 hours are forgotten, however many they are; younger ones stay', async () => {
  await moveClock(admin, START);
  const old = formatInstant(START - 3 * DAY - 1_000);
  const young = formatInstant(START - 3 * DAY + 60_000);
  for (const [at, count] of [
    [old, 2_500],
    [young, 10],
  ] as const)
    await admin.query(
      `INSERT INTO lapse.idempotency (tenant_id, principal, method, path, key, body_hash, status, result, created_at)
       SELECT $1, 'tok', 'POST', '/', $2 || n, '', 201, '{}', $2::timestamptz FROM generate_series(1, $3) n`,
      [register.tenantId, at, count],
    );
  let realNow = 1_000_000;
  const work = housekeeping(register.db, 'worker', () => realNow);
  while ((await work.runBatch()) > 0);
  const kept = 'SELECT count(*)::int AS kept, min(created_at) AS oldest FROM lapse.idempotency';
  expect((await admin.query(kept)).rows).toEqual([{ kept: 10, oldest: new Date(young) }]);

  await moveClock(admin, START + 120_000);
  expect(await work.runBatch()).toBe(0);
  expect((await admin.query(kept)).rows[0].kept).toBe(10);
  realNow += 2_000;
  await work.runBatch();
  expect((await admin.query(kept)).rows[0].kept).toBe(0);
});

test('says that the worker is alive, in real time', async () => {
  await moveClock(admin, START);
  await housekeeping(register.db, 'alive').runBatch();
  const { rows } = await admin.query(
    "SELECT clock_timestamp() - seen_at < interval '1 minute' AS lately FROM lapse.worker_heartbeats WHERE worker_id = 'alive'",
  );
  expect(rows).toEqual([{ lately: true }]);
});
