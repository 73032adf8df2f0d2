import type pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { exceptionDeadlines } from '../../src/features/exceptions/exception-work.ts';
import { openDatabase } from '../../src/platform/db/database.ts';
import { DueLoop } from '../../src/platform/due/due-loop.ts';
import { inStatus, START } from '../support/given.ts';
import { samePolicy } from '../support/same-policy.ts';
import { createTestRegister, type TestRegister } from '../support/test-register.ts';
import {
  countStatuses,
  moveClock,
  openAdmin,
  streamProblems,
  writeRecords,
} from './due-records.ts';

const COUNT = 3_000;

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

test('three workers at once make each transition exactly once', async () => {
  const story = inStatus('Active');
  await writeRecords(register.db, register.tenantId, story, COUNT);
  await moveClock(admin, START + 91 * DAY);
  const { application, worker } = register;
  const databases = Array.from({ length: 3 }, () =>
    openDatabase({ application, worker, testClock: true, connections: 2 }),
  );
  const loops = databases.map(
    (db) =>
      new DueLoop([exceptionDeadlines(db, samePolicy(BUILT_IN_POLICY))], pino({ level: 'silent' })),
  );
  await Promise.all(loops.map((loop) => loop.settle()));
  await Promise.all(databases.map((db) => db.close()));

  expect(await countStatuses(admin)).toEqual({ Expired: COUNT });
  expect(await streamProblems(admin, 'ExceptionExpired')).toEqual([]);
  const { rows } = await admin.query(
    `SELECT count(*)::int AS events, count(DISTINCT event_id)::int AS different,
       (SELECT count(*)::int FROM lapse.ledger_pending) AS pending,
       (SELECT count(*)::int FROM lapse.exception_deadlines) AS due
     FROM lapse.events WHERE stream_type = 'exception'`,
  );
  const events = COUNT * (story.told.length + 1);
  expect(rows).toEqual([{ events, different: events, pending: events, due: 0 }]);
});
