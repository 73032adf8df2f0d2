import { afterAll, expect, test } from 'vitest';
import { command, draft, passed, recordIn } from '../support/api-records.ts';
import { COMPLETE, REASON } from '../support/given.ts';
import { createTestApi, type TestAnswer } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

const times = (count: number, run: (index: number) => Promise<TestAnswer>): Promise<TestAnswer[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)));

function tally(answers: readonly TestAnswer[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { status, body } of answers) {
    const name = status < 300 ? String(status) : `${status} ${body?.code}`;
    found[name] = (found[name] ?? 0) + 1;
  }
  return found;
}

async function eventsOf(id: string): Promise<string[]> {
  const { body } = await api.send('GET', `/v1/exceptions/${id}/history`, { as: 'auditor' });
  return body.items.map(({ type }: { type: string }) => type);
}

test('of twenty edits of one revision one is made', async () => {
  const { exception_id: id } = await draft(api);
  const answers = await times(20, (index) =>
    api.send('PATCH', `/v1/exceptions/${id}`, {
      as: 'requestor',
      body: { title: `edit ${index}` },
      headers: { 'if-match': '"1"' },
    }),
  );
  expect(tally(answers)).toEqual({ '200': 1, '412 stale-revision': 19 });
  expect(await eventsOf(id)).toEqual(['ExceptionDrafted', 'ExceptionEdited']);
});

test('of twenty approvals by one person one counts', async () => {
  const { exception_id: id } = await recordIn(api, 'Under-Review');
  const answers = await times(20, () => command(api, id, 'approve', 'approver'));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(Object.keys(tally(answers)).filter((name) => !/^(200|409)/.test(name))).toEqual([]);
  const events = await eventsOf(id);
  expect(events.filter((type) => type === 'ApprovalGiven')).toHaveLength(1);
  const { body } = await api.send('GET', `/v1/exceptions/${id}`, { as: 'auditor' });
  expect(body.approvals).toHaveLength(1);
});

test('an approval and a rejection at once: one of them finds the other done', async () => {
  for (let round = 0; round < 5; round += 1) {
    const { exception_id: id } = await recordIn(api, 'Under-Review');
    passed(await command(api, id, 'approve', 'approver'));
    passed(
      await api.send('POST', `/v1/exceptions/${id}/approve`, {
        as: 'domain-owner',
        body: { reason: REASON },
      }),
    );
    const [approved, rejected] = await Promise.all([
      api.send('POST', `/v1/exceptions/${id}/approve`, { as: 'ciso', body: { reason: REASON } }),
      command(api, id, 'reject', 'second-approver'),
    ]);
    const both = tally([approved, rejected] as TestAnswer[]);
    expect(both['200']).toBe(1);
    const ends = (await eventsOf(id)).filter((type) => /Approved|Closed/.test(type));
    expect(ends).toHaveLength(1);
  }
});

test('of ten creations under one key one record comes', async () => {
  const count = async () =>
    (await api.send('GET', '/v1/exceptions?count=exact', { as: 'auditor' })).body.total;
  const before = await count();
  const headers = { 'idempotency-key': 'ten-at-once' };
  const answers = await times(10, () =>
    api.send('POST', '/v1/exceptions?submit=true', { as: 'requestor', body: COMPLETE, headers }),
  );
  expect(tally(answers)).toEqual({ '201': 10 });
  expect(new Set(answers.map(({ body }) => body.exception_id)).size).toBe(1);
  for (const { body } of answers) expect(body).toEqual(answers[0]?.body);
  expect(await count()).toBe(before + 1);
});

test('of ten submissions under one key one is made, and all are answered alike', async () => {
  const { exception_id: id } = await draft(api);
  const headers = { 'idempotency-key': 'submit-once' };
  const answers = await times(10, () =>
    api.send('POST', `/v1/exceptions/${id}/submit`, { as: 'requestor', body: {}, headers }),
  );
  expect(tally(answers)).toEqual({ '200': 10 });
  for (const { body } of answers) expect(body).toEqual(answers[0]?.body);
  expect(await eventsOf(id)).toEqual(['ExceptionDrafted', 'ExceptionSubmitted']);
});

test('of ten comments under one key one is added, of ten tokens one secret is shown', async () => {
  const { exception_id: id } = await draft(api);
  const url = `/v1/exceptions/${id}/comments`;
  const headers = { 'idempotency-key': 'once' };
  const comments = await times(10, () =>
    api.send('POST', url, { as: 'requestor', body: { body: 'hello' }, headers }),
  );
  expect(tally(comments)).toEqual({ '201': 10 });
  expect((await api.send('GET', url, { as: 'requestor' })).body.items).toHaveLength(1);

  const body = { name: 'ci', role: 'auditor' };
  const tokens = await times(10, () =>
    api.send('POST', '/v1/tokens', { as: 'administrator', body, headers }),
  );
  expect(tally(tokens)).toEqual({ '201': 10 });
  expect(new Set(tokens.map((answer) => answer.body.token_id)).size).toBe(1);
  expect(tokens.filter((answer) => answer.body.token !== null)).toHaveLength(1);
});

test('of ten keys with different bodies at once one wins, and the others are told', async () => {
  const headers = { 'idempotency-key': 'contested' };
  const answers = await times(10, (index) =>
    api.send('POST', '/v1/exceptions', { as: 'requestor', body: { title: `t${index}` }, headers }),
  );
  expect(tally(answers)).toEqual({ '201': 1, '422 idempotency-mismatch': 9 });
});

test('of ten revocations of one token all answer alike, and one event is written', async () => {
  const made = await api.send('POST', '/v1/tokens', {
    as: 'administrator',
    body: { name: 'gone', role: 'auditor' },
  });
  const url = `/v1/tokens/${made.body.token_id}`;
  const answers = await times(10, () => api.send('DELETE', url, { as: 'administrator' }));
  expect(tally(answers)).toEqual({ '200': 10 });
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  const { rows } = await api.admin.query('SELECT FROM lapse.events WHERE stream_id = $1', [
    made.body.token_id,
  ]);
  expect(rows).toHaveLength(2);
});

test('commands and the clock at once leave a history without gaps', async () => {
  const { exception_id: id, lapses_at } = await recordIn(api, 'Under-Review');
  const [, ...answers] = await Promise.all([
    api.moveTo(Date.parse(String(lapses_at)) + 1),
    ...Array.from({ length: 6 }, () => command(api, id, 'violations')),
    ...Array.from({ length: 6 }, () => command(api, id, 'evidence')),
  ]);
  for (const answer of answers as TestAnswer[]) expect(answer.status).toBeLessThan(500);
  const { body } = await api.send('GET', `/v1/exceptions/${id}/history`, { as: 'auditor' });
  const versions = body.items.map(({ version }: { version: number }) => version);
  expect(versions).toEqual(versions.map((_: number, index: number) => index + 1));
  const closed = body.items.filter(({ type }: { type: string }) => type === 'ExceptionClosed');
  expect(closed).toHaveLength(1);
});
