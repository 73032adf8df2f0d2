import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { command, draft, recordIn } from '../support/api-records.ts';
import { START } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi } from '../support/test-api.ts';

// Real time stands still here, so that a token once looked up stays known.
const real = Date.now();
const api = await createTestApi({ realNow: () => real });
afterAll(() => api.close());

const report = async (name: string) =>
  (await api.send('GET', `/v1/reports/${name}`, { as: 'auditor' })).body;

beforeAll(async () => {
  await draft(api, { category: 'ai', environment: 'dev', impact: 'Low', likelihood: 'Low' });
  await recordIn(api, 'Under-Review');
  await recordIn(api, 'Approved');
  const { exception_id: id } = await recordIn(api, 'Active');
  await api.moveTo(START + 80 * DAY);
  await recordIn(api, 'Active');
  await command(api, id, 'renew');
});

const NONE = { High: 0, Medium: 0, Low: 0, unrated: 0 };

test('the summary names the tenant and counts by status at the instant that it names', async () => {
  expect(await report('summary')).toEqual({
    now: expect.stringMatching(/^2026-03-22T00:0/),
    tenant: { tenant_id: api.tenantId, name: 'Test' },
    open: 2,
    in_force: 2,
    expiring: 1,
    extended: 0,
    overdue: 0,
    missing_evidence: 2,
    missing_evidence_overdue: 0,
    drafts: 2,
    under_review: 0,
    approved: 1,
    closed: 1,
    archived: 0,
    total: 6,
  });
});

test('by severity and by age the same records are counted', async () => {
  const { items, total } = await report('severity');
  const aging = { days_0_30: 1, days_31_60: 0, days_61_90: 1, days_over_90: 0 };
  expect(items.map(({ severity }: { severity: string }) => severity)).toEqual(Object.keys(NONE));
  expect(items[0]).toEqual({ severity: 'High', open: 2, expiring: 1, overdue: 0, aging });
  expect(total).toEqual({ open: 2, expiring: 1, overdue: 0, aging });
  const ages = await report('aging');
  expect(ages.items).toEqual([
    { age: 'days_0_30', open: 1, by_severity: { ...NONE, High: 1 } },
    { age: 'days_31_60', open: 0, by_severity: NONE },
    { age: 'days_61_90', open: 1, by_severity: { ...NONE, High: 1 } },
    { age: 'days_over_90', open: 0, by_severity: NONE },
  ]);
  expect(ages.total).toEqual({ open: 2, by_severity: { ...NONE, High: 2 } });
});

test('by domain and by environment every value has its line, and open records alone count', async () => {
  const open = { open: 2, expiring: 1, overdue: 0, by_severity: { ...NONE, High: 2 } };
  const nothing = { open: 0, expiring: 0, overdue: 0, by_severity: NONE };
  const domains = await report('domain');
  expect(domains.items).toEqual([
    { category: 'authz', ...open },
    ...['network', 'data', 'ai', 'release', 'vendor', 'other', 'none'].map((category) => ({
      category,
      ...nothing,
    })),
  ]);
  expect(domains.total).toEqual(open);
  const environments = await report('environment');
  expect(environments.tenant).toEqual({ tenant_id: api.tenantId, name: 'Test' });
  expect(environments.items).toEqual([
    { environment: 'dev', ...nothing },
    { environment: 'staging', ...nothing },
    { environment: 'prod', ...open },
    { environment: 'none', ...nothing },
  ]);
});

test('by renewals the place in the chain counts', async () => {
  const { items, more_than_three } = await report('renewals');
  expect(items.slice(0, 3)).toEqual([
    { renewal_number: 0, or_more: false, pending: 2, open: 2, ended: 1 },
    { renewal_number: 1, or_more: false, pending: 1, open: 0, ended: 0 },
    { renewal_number: 2, or_more: false, pending: 0, open: 0, ended: 0 },
  ]);
  expect(more_than_three).toEqual({ pending: 0, open: 0, ended: 0 });
});

describe('a report', () => {
  test('sees its own tenant alone', async () => {
    const { tokens } = await api.addTenant();
    const answer = await api.send('GET', '/v1/reports/summary', { token: tokens.auditor });
    expect(answer.body).toMatchObject({ tenant: { name: 'Other' }, open: 0, drafts: 0, total: 0 });
  });

  test('that does not exist, or is asked with what it does not take, is refused', async () => {
    expectProblem(
      await api.send('GET', '/v1/reports/weather', { as: 'auditor' }),
      404,
      'not-found',
    );
    const filtered = await api.send('GET', '/v1/reports/summary?status=Draft', { as: 'auditor' });
    expectProblem(filtered, 400, 'invalid-request');
  });

  test('takes at most three round trips', async () => {
    await report('summary');
    const before = api.register.db.roundTrips;
    await report('summary');
    expect(api.register.db.roundTrips - before).toBeLessThanOrEqual(3);
  });
});
