import { afterAll, expect, test } from 'vitest';
import { draft } from '../../../test/support/api-records.ts';
import { createTestApi } from '../../../test/support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

const verify = async () => {
  const answer = await api.send('GET', '/v1/ledger/verification', { as: 'auditor' });
  const lines = answer.text.split('\n');
  expect(lines.pop()).toBe('');
  return { answer, lines: lines.map((line) => JSON.parse(line)) };
};

test('given records, when the ledger is verified over HTTP, then lines tell progress and the result', async () => {
  await draft(api, { title: 'One', services: ['a', 'b'] });
  const { answer, lines } = await verify();
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('application/x-ndjson');
  const result = lines.pop()?.result;
  expect(result).toMatchObject({ ok: true, pending: 0, retired: 0, findings: [] });
  expect(result.entries).toBe(result.size);
  expect(lines.at(0)).toEqual({ progress: { entries: 0, total: result.entries } });
  expect(lines.at(-1)).toEqual({ progress: { entries: result.entries, total: result.entries } });
});

test('given a row that was changed behind the API, then the result names it', async () => {
  await api.admin.query("UPDATE lapse.exceptions SET title = 'Two'");
  const { lines } = await verify();
  const { result } = lines.at(-1);
  expect(result).toMatchObject({ ok: false, first_failing: null, finding_count: 1 });
  expect(result.findings[0]).toMatchObject({
    code: 'projection-mismatch',
    stream: expect.stringMatching(/^exception:EXC_/),
    message: 'the row is not what its events give: title',
  });
});

test('given several who ask at once, then one after the other is answered', async () => {
  await api.admin.query("UPDATE lapse.exceptions SET title = 'One'");
  const answers = await Promise.all([verify(), verify(), verify()]);
  for (const { lines } of answers) expect(lines.at(-1).result).toMatchObject({ ok: true });
});

test('given a database that cannot be read, then the last line is an error', async () => {
  await api.admin.query('REVOKE SELECT ON lapse.ledger_heads FROM lapse_app');
  const { lines } = await verify();
  expect(lines.at(-1)).toMatchObject({ error: { code: 'unavailable' } });
  await api.admin.query('GRANT SELECT ON lapse.ledger_heads TO lapse_app');
});
