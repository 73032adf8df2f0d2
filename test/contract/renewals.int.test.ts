import { afterAll, beforeEach, expect, test } from 'vitest';
import { DAY, formatInstant, parseInstant } from '../../src/domain/schedule/instant.ts';
import { approveAll, command, passed, recordIn, type TestRecord } from '../support/api-records.ts';
import { RENEWAL, START } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());
beforeEach(() => api.moveTo(START));

/** A record in force, and a renewal of it that is approved and confirmed 20 days before its end. */
async function linked() {
  const predecessor = await recordIn(api, 'Active');
  await api.moveTo(START + 70 * DAY);
  return { predecessor, renewal: await readyRenewal(predecessor.exception_id) };
}

async function readyRenewal(of: string): Promise<TestRecord> {
  const { exception_id: id } = passed(await command(api, of, 'renew'));
  for (const name of ['submit', 'approve', 'activate']) {
    passed(await (name === 'approve' ? approveAll(api, id) : command(api, id, name)));
  }
  return read(id);
}

async function read(id: string): Promise<TestRecord> {
  return passed(await api.send('GET', `/v1/exceptions/${id}`, { as: 'auditor' }));
}

const toEndOf = ({ expires_at }: TestRecord) => api.moveTo(parseInstant(String(expires_at)) ?? 0);

test('a renewal that is ready takes over without a gap', async () => {
  const { predecessor, renewal } = await linked();
  expect(renewal).toMatchObject({
    status: 'Approved',
    renews: predecessor.exception_id,
    renewal_number: 1,
    effective_from: predecessor.expires_at,
  });
  expect(await read(predecessor.exception_id)).toMatchObject({ renewed_by: renewal.exception_id });
  await toEndOf(predecessor);
  expect(await read(predecessor.exception_id)).toMatchObject({
    status: 'Closed',
    closed: { reason: 'renewed' },
  });
  expect(await read(renewal.exception_id)).toMatchObject({ status: 'Active', in_force: true });
});

test.each(['withdraw', 'revoke'])(
  'a predecessor expires when its renewal is ended by %s',
  async (name) => {
    const { predecessor, renewal } = await linked();
    passed(await command(api, renewal.exception_id, name));
    expect(await read(predecessor.exception_id)).toMatchObject({ renewed_by: null });
    await toEndOf(predecessor);
    expect(await read(predecessor.exception_id)).toMatchObject({
      status: 'Expired',
      overdue: true,
    });
  },
);

test('a predecessor expires when its renewal has to be approved anew', async () => {
  const { predecessor, renewal } = await linked();
  const edit = await api.send('PATCH', `/v1/exceptions/${renewal.exception_id}`, {
    as: 'requestor',
    headers: { 'if-match': `"${renewal.revision}"` },
    body: { impact: 'Critical' },
  });
  expect(passed(edit).status).toBe('Under-Review');
  expect(await read(predecessor.exception_id)).toMatchObject({ renewed_by: null });
  await toEndOf(predecessor);
  expect(await read(predecessor.exception_id)).toMatchObject({ status: 'Expired' });
});

test('a predecessor is told no earlier than what happened to it last, though clocks were put back', async () => {
  const { exception_id: of } = await recordIn(api, 'Active');
  await api.moveTo(START + 70 * DAY);
  const { exception_id: id } = passed(await command(api, of, 'renew'));
  passed(await command(api, id, 'submit'));
  passed(await approveAll(api, id));
  await api.moveTo(START + 71 * DAY);
  passed(await command(api, of, 'evidence'));
  await api.moveTo(START + 70.5 * DAY);
  passed(await command(api, id, 'activate'));
  const { body } = await api.send('GET', `/v1/exceptions/${of}/history`, { as: 'auditor' });
  const told = body.items.slice(-2) as { type: string; at: string }[];
  expect(told.map(({ type }) => type)).toEqual(['EvidenceAdded', 'RenewalLinked']);
  const [evidence, link] = told.map(({ at }) => parseInstant(at) ?? 0);
  expect(link).toBeGreaterThanOrEqual(evidence ?? Number.POSITIVE_INFINITY);
});

test('a renewal that ends no later takes nothing over', async () => {
  const predecessor = await recordIn(api, 'Active');
  await api.moveTo(START + 70 * DAY);
  const body = { ...RENEWAL, expires_at: formatInstant(START + 85 * DAY) };
  const renewing = await api.send('POST', `/v1/exceptions/${predecessor.exception_id}/renew`, {
    as: 'requestor',
    body,
  });
  expectProblem(renewing, 422, 'invalid-record');
  expect(await read(predecessor.exception_id)).toMatchObject({ renewed_by: null });
});

test('two renewals of one record do not both become ready', async () => {
  const { predecessor, renewal } = await linked();
  const second = await command(api, predecessor.exception_id, 'renew');
  expectProblem(second, 409, 'already-exists');
  expect(second.body.detail).toContain(renewal.exception_id);
});

test('of two that were drafted beside one another, the second to become ready is refused', async () => {
  const predecessor = await recordIn(api, 'Active');
  await api.moveTo(START + 70 * DAY);
  const { exception_id: other } = passed(await command(api, predecessor.exception_id, 'renew'));
  const first = await readyRenewal(predecessor.exception_id);
  passed(await command(api, other, 'submit'));
  passed(await approveAll(api, other));
  const second = await command(api, other, 'activate');
  expectProblem(second, 409, 'already-exists');
  expect(second.body.detail).toContain(first.exception_id);
  expect(await read(other)).toMatchObject({ status: 'Approved', controls_confirmed: null });
});
