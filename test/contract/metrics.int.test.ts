import { afterAll, beforeAll, expect, test } from 'vitest';
import { DAY, HOUR } from '../../src/domain/schedule/instant.ts';
import { recordIn } from '../support/api-records.ts';
import { START } from '../support/given.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

/** The value of a sample, or undefined where there is none. */
async function sample(name: string): Promise<number | undefined> {
  const { status, text, headers } = await api.send('GET', '/metrics');
  expect(status).toBe(200);
  expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

async function setClock(now: number): Promise<void> {
  await api.admin.query(
    `UPDATE lapse.test_clock SET offset_ms = $1 - floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`,
    [now],
  );
}

let id = '';
beforeAll(async () => {
  id = (await recordIn(api, 'Active')).exception_id;
  await api.lapse.loop.settle();
});

test('due work shows how much waits and how late it is, until it is done', async () => {
  const waiting = 'lapse_due_waiting{kind="exception-deadlines"}';
  const lateness = 'lapse_due_lateness_seconds{kind="exception-deadlines"}';
  const done = 'lapse_due_rows_total{kind="exception-deadlines"}';
  expect([await sample(waiting), await sample(lateness)]).toEqual([0, 0]);
  const before = (await sample(done)) ?? 0;
  await setClock(START + 200 * DAY);
  expect(await sample(waiting)).toBe(1);
  expect(await sample(lateness)).toBeGreaterThan((200 - 90) * 24 * 3_600);
  await api.lapse.loop.settle();
  expect([await sample(waiting), await sample(lateness)]).toEqual([0, 0]);
  expect(await sample(done)).toBe(before + 1);
});

test('the ledger shows how far it lags', async () => {
  const waiting = 'lapse_due_waiting{kind="ledger-sequencing"}';
  const lateness = 'lapse_due_lateness_seconds{kind="ledger-sequencing"}';
  await api.send('POST', `/v1/exceptions/${id}/comments`, {
    as: 'requestor',
    body: { body: 'a row, not an event' },
  });
  expect(await sample(waiting)).toBe(0);
  await api.send('POST', `/v1/exceptions/${id}/violations`, {
    as: 'requestor',
    body: { impact: 'none', description: 'an event' },
  });
  await setClock(START + 200 * DAY + HOUR);
  expect(await sample(waiting)).toBe(1);
  expect(await sample(lateness)).toBeGreaterThan(3_000);
  await api.lapse.loop.settle();
  expect([await sample(waiting), await sample(lateness)]).toEqual([0, 0]);
});

test('answers that are too old to be asked for again wait for housekeeping', async () => {
  const waiting = 'lapse_due_waiting{kind="housekeeping"}';
  await api.send('POST', '/v1/exceptions', {
    as: 'requestor',
    body: { title: 'remembered' },
    headers: { 'idempotency-key': 'metrics' },
  });
  expect(await sample(waiting)).toBe(0);
  await setClock(START + 204 * DAY);
  expect(await sample(waiting)).toBe(1);
  expect(await sample('lapse_due_lateness_seconds{kind="housekeeping"}')).toBeGreaterThan(0);
});

test('requests are measured by their pattern, never by what people ask for', async () => {
  const secret = 'EXC_SECRETSECRETSECRETSECRET00';
  await api.send('GET', `/v1/exceptions/${secret}`, { as: 'auditor' });
  await api.send('GET', '/v1/exceptions?q=secretquery', { as: 'auditor' });
  await api.send('GET', `/nowhere/${secret}`, { as: 'auditor' });
  const { text } = await api.send('GET', '/metrics');
  expect(text).not.toMatch(/SECRET|secretquery/);
  const count = 'lapse_http_request_duration_seconds_count';
  const found = `${count}{method="GET",route="/v1/exceptions/:id",status="404"}`;
  expect(await sample(found)).toBeGreaterThan(0);
  expect(await sample(`${count}{method="GET",route="unmatched",status="404"}`)).toBeGreaterThan(0);
});

test('a batch that fails is counted, and so is the task that it opens', async () => {
  const failures = 'lapse_due_failures_total{kind="exception-deadlines"}';
  const before = (await sample(failures)) ?? 0;
  await api.admin.query('REVOKE SELECT ON lapse.exception_deadlines FROM lapse_worker');
  await expect(api.lapse.loop.settle()).rejects.toThrow('permission denied');
  // Neither what waits nor what late is can be known, and nothing old is shown in its place.
  expect(await sample('lapse_database_up')).toBe(0);
  expect(await sample('lapse_due_waiting{kind="exception-deadlines"}')).toBeUndefined();
  await api.admin.query('GRANT SELECT ON lapse.exception_deadlines TO lapse_worker');
  expect(await sample(failures)).toBe(before + 1);
  expect(await sample('lapse_database_up')).toBe(1);

  expect(await sample('lapse_tasks_open{kind="quarantine"}')).toBe(0);
  const { exception_id: poison } = await recordIn(api, 'Active');
  await api.admin.query(
    `UPDATE lapse.exceptions SET state = state::jsonb - 'status' WHERE exception_id = $1`,
    [poison],
  );
  await setClock(START + 400 * DAY);
  await api.lapse.loop.settle();
  expect(await sample('lapse_tasks_open{kind="quarantine"}')).toBe(1);
});
