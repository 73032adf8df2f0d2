import { afterAll, expect, test } from 'vitest';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import { recordIn } from '../support/api-records.ts';
import { START } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi } from '../support/test-api.ts';

let real = Date.now();
const api = await createTestApi({ realNow: () => real });
afterAll(() => api.close());

const move = (now: unknown) =>
  api.send('PUT', '/v1/test/clock', { as: 'administrator', body: { now } });

test('moving the time answers when everything that is then due is done', async () => {
  const { exception_id: id, expires_at: end } = await recordIn(api, 'Active');
  const answer = await move(end);
  expect(answer).toMatchObject({ status: 200, body: { now: end } });
  const history = await api.send('GET', `/v1/exceptions/${id}/history`, { as: 'auditor' });
  const last = history.body.items.at(-1);
  expect(last.actor.id).toBe('system:clock');
  // Sequenced as well: settling is not done before the ledger has it.
  expect(last.ledger_index).toEqual(expect.any(Number));
  const read = await api.send('GET', `/v1/exceptions/${id}`, { as: 'auditor' });
  expect(read.body.in_force).toBe(false);
});

test('settling answers with the time as it is', async () => {
  await move(formatInstant(START + 200 * DAY));
  real += 5_000;
  const { status, body } = await api.send('POST', '/v1/test/settle', { as: 'requestor' });
  expect(status).toBe(200);
  expect(body.now >= formatInstant(START + 200 * DAY)).toBe(true);
});

test.each(['9000-01-01T00:00:00.001Z', '9999-12-31T23:59:59Z'])(
  'a time from which nothing can be reckoned is refused: %s',
  async (now) => {
    expectProblem(await move(now), 400, 'invalid-request');
  },
);

test.each(['now', '2025-02-30T00:00:00Z', '9999-12', 1_767_225_600_000, null])(
  '%j is no time',
  async (now) => {
    expectProblem(await move(now), 422, 'invalid-record');
  },
);

test('the last and the first time pass', async () => {
  for (const now of ['9000-01-01T00:00:00.000Z', '1970-01-01T00:00:00.000Z']) {
    expect(await move(now)).toMatchObject({ status: 200, body: { now } });
    const made = await api.send('POST', '/v1/exceptions', {
      as: 'requestor',
      body: { title: 'x' },
    });
    expect(made.status).toBe(201);
  }
});
