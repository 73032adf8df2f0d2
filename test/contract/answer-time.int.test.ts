import { afterAll, expect, test } from 'vitest';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { draft } from '../support/api-records.ts';
import { REASON, START } from '../support/given.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

const MINUTE = 60_000;

test('every answer with records is dated by the domain’s time at which it holds', async () => {
  const { exception_id: id } = await draft(api);
  const later = START + 40 * DAY;
  await api.moveTo(later);
  const path = `/v1/exceptions/${id}`;
  const answers = [
    await api.send('GET', path, { as: 'auditor' }),
    await api.send('GET', '/v1/exceptions?limit=1', { as: 'auditor' }),
    await api.send('POST', `${path}/withdraw`, { as: 'requestor', body: { reason: REASON } }),
  ];
  for (const { status, headers } of answers) {
    expect(status).toBe(200);
    const away = Date.parse(String(headers.date)) - later;
    // To the second below; the clock goes on meanwhile.
    expect(away).toBeGreaterThan(-1_000);
    expect(away).toBeLessThan(MINUTE);
  }
});
