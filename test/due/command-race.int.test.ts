import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { exceptionDeadlines } from '../../src/features/exceptions/exception-work.ts';
import { fully } from '../support/fully.ts';
import { ALL_EVIDENCE, inStatus, REQUESTOR, START } from '../support/given.ts';
import { createTestApi, type TestApi } from '../support/test-api.ts';
import { moveClock, openAdmin, writeRecords } from './due-records.ts';
import { closeGate } from './gate.ts';

let api: TestApi;
let admin: pg.Client;

beforeAll(async () => {
  api = await createTestApi();
  admin = await openAdmin(api.register.admin);
});

afterAll(async () => {
  await admin.end();
  await api.close();
});

/** A record in force whose end has passed without a sweep, and a person who closes it. */
async function dueRecord() {
  await moveClock(admin, START);
  const { db } = api.register;
  const [id = ''] = await writeRecords(db, api.tenantId, inStatus('Active'), 1);
  await moveClock(admin, START + 91 * DAY);
  const gate = await closeGate(api.register.admin, 'events', `NEW.stream_id = '${id}'`);
  const close = () =>
    api.lapse.exceptions.service.execute({ ...fully(api.tenantId), actor: REQUESTOR }, id, {
      type: 'CloseException',
      reason: 'done',
      evidence: ALL_EVIDENCE,
    });
  return { id, gate, close, work: exceptionDeadlines(db, api.lapse.policies) };
}

async function historyOf(id: string) {
  const events = await api.lapse.exceptions.views.history(fully(api.tenantId), id);
  const versions = events.map(({ version }) => version);
  expect(versions).toEqual(versions.map((_, index) => index + 1));
  const { rows } = await admin.query(
    'SELECT version, status FROM lapse.exceptions WHERE exception_id = $1',
    [id],
  );
  const told = events.slice(-2).map(({ type, actor }) => [type, actor.id]);
  await admin.query('DROP TRIGGER test_gate ON lapse.events');
  return { told, row: rows[0], newest: versions.at(-1) };
}

const EXPIRED_THEN_CLOSED = [
  ['ExceptionExpired', 'system:clock'],
  ['ExceptionClosed', REQUESTOR.id],
];

test('a command that comes first records what was due; the worker passes by', async () => {
  const { id, gate, close, work } = await dueRecord();
  const closed = close();
  await gate.reached();
  expect(await work.runBatch()).toBe(0);
  await gate.open();
  const { record } = await closed;
  expect(await work.runBatch()).toBe(0);
  expect(await historyOf(id)).toEqual({
    told: EXPIRED_THEN_CLOSED,
    row: { version: record.version, status: 'Closed' },
    newest: record.version,
  });
});

test('a worker that comes first records what was due; the command goes on from there', async () => {
  const { id, gate, close, work } = await dueRecord();
  const swept = work.runBatch();
  await gate.reached();
  const closed = close();
  await gate.open();
  expect(await swept).toBe(1);
  const { record } = await closed;
  expect(await historyOf(id)).toEqual({
    told: EXPIRED_THEN_CLOSED,
    row: { version: record.version, status: 'Closed' },
    newest: record.version,
  });
});
