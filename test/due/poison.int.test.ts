import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { exceptionDeadlines } from '../../src/features/exceptions/exception-work.ts';
import { inStatus, START } from '../support/given.ts';
import { createTestApi, type TestApi } from '../support/test-api.ts';
import { countStatuses, openAdmin, streamProblems, writeRecords } from './due-records.ts';

const COUNT = 500;

let api: TestApi;
let admin: pg.Client;
let ids: string[];

beforeAll(async () => {
  api = await createTestApi();
  admin = await openAdmin(api.register.admin);
});

afterAll(async () => {
  await admin.end();
  await api.close();
});

/** What makes a record one that cannot be done, and how its owner mends it. */
const poisons = [
  {
    name: 'whose state cannot be read',
    spoil: `DROP TABLE IF EXISTS spoilt; CREATE TABLE spoilt AS SELECT exception_id, state FROM lapse.exceptions WHERE exception_id = $1;
      UPDATE lapse.exceptions SET state = '{"nothing": "of ours"}' WHERE exception_id = $1`,
    mend: `UPDATE lapse.exceptions e SET state = s.state FROM spoilt s WHERE s.exception_id = e.exception_id;
      DROP TABLE spoilt`,
    detail: /nothing follows from its state/,
  },
  {
    name: 'whose state is no record at all',
    spoil: `DROP TABLE IF EXISTS spoilt; CREATE TABLE spoilt AS SELECT exception_id, state FROM lapse.exceptions WHERE exception_id = $1;
      UPDATE lapse.exceptions SET state = 'null' WHERE exception_id = $1`,
    mend: `UPDATE lapse.exceptions e SET state = s.state FROM spoilt s WHERE s.exception_id = e.exception_id;
      DROP TABLE spoilt`,
    detail: /null/,
  },
  {
    name: 'whose write violates a constraint',
    spoil: `ALTER TABLE lapse.exceptions ADD CONSTRAINT never_this_one
      CHECK (exception_id <> $1 OR status <> 'Expired') NOT VALID`,
    mend: 'ALTER TABLE lapse.exceptions DROP CONSTRAINT never_this_one',
    detail: /never_this_one/,
  },
];

describe.each(poisons)('among 500 due records one $name', ({ spoil, mend, detail }) => {
  let poison: string;
  let taskId: string;

  beforeAll(async () => {
    await admin.query('TRUNCATE lapse.exceptions, lapse.exception_deadlines, lapse.tasks');
    ids = await writeRecords(api.register.db, api.tenantId, inStatus('Active'), COUNT);
    poison = ids[321] ?? '';
    await admin.query(spoil.replaceAll('$1', `'${poison}'`));
    await api.moveTo(START + 91 * DAY);
  });

  afterAll(() => api.moveTo(START));

  test('the others are done, once each', async () => {
    expect(await countStatuses(admin)).toEqual({ Active: 1, Expired: COUNT - 1 });
    const [only, ...rest] = await streamProblems(admin, 'ExceptionExpired');
    expect([only, rest]).toEqual([expect.objectContaining({ stream_id: poison }), []]);
  });

  test('it is quarantined, one task tells of it, and the loop does not come back to it', async () => {
    const work = exceptionDeadlines(api.register.db, api.lapse.policies);
    expect([await work.runBatch(), await work.runBatch()]).toEqual([0, 0]);
    await api.moveTo(START + 92 * DAY);
    const { status, body } = await api.send('GET', '/v1/tasks', { as: 'auditor' });
    expect(status).toBe(200);
    expect(body.items).toEqual([
      {
        task_id: expect.stringMatching(/^task_/),
        kind: 'quarantine',
        subject_type: 'exception',
        subject_id: poison,
        detail: expect.stringMatching(detail),
        opened_at: expect.stringMatching(/Z$/),
        resolved_at: null,
        resolved_by: null,
      },
    ]);
    taskId = body.items[0].task_id;
    const { rows } = await admin.query(
      'SELECT attempts, last_error FROM lapse.exception_deadlines WHERE quarantined_at IS NOT NULL',
    );
    expect(rows).toEqual([{ attempts: 1, last_error: expect.stringMatching(detail) }]);
  });

  test('a retry before it is mended opens a new task', async () => {
    const retried = await api.send('POST', `/v1/tasks/${taskId}/retry`, { as: 'administrator' });
    expect([retried.status, retried.body.resolved_at]).toEqual([200, expect.any(String)]);
    // Said once more it is done already.
    await api.send('POST', `/v1/tasks/${taskId}/retry`, { as: 'administrator' });
    const { subject_id } = retried.body;
    const audit = await api.send('GET', '/v1/audit?type=TaskRetried', { as: 'auditor' });
    const [newest, ...earlier] = audit.body.items;
    expect(newest).toMatchObject({
      actor: { name: 'administrator' },
      subject: { type: 'task', id: taskId },
      data: { kind: 'quarantine', subject_type: 'exception', subject_id },
    });
    expect(earlier.map((each: typeof newest) => each.subject.id)).not.toContain(taskId);
    expect(audit.text).not.toContain('detail');
    await api.lapse.loop.settle();
    const { body } = await api.send('GET', '/v1/tasks', { as: 'administrator' });
    expect(body.items).toHaveLength(1);
    expect(body.items[0].task_id).not.toBe(taskId);
    taskId = body.items[0].task_id;
  });

  test('a retry after it is mended does it', async () => {
    await admin.query(mend);
    await api.send('POST', `/v1/tasks/${taskId}/retry`, { as: 'administrator' });
    await api.lapse.loop.settle();
    expect(await countStatuses(admin)).toEqual({ Expired: COUNT });
    expect(await streamProblems(admin, 'ExceptionExpired')).toEqual([]);
    const { body } = await api.send('GET', '/v1/tasks', { as: 'administrator' });
    expect(body.items).toEqual([]);
  });
});
