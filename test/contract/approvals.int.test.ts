import { afterAll, describe, expect, test } from 'vitest';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import {
  approveAll,
  COMMAND_BODIES,
  command,
  draft,
  passed,
  recordIn,
} from '../support/api-records.ts';
import { COMPLETE, REASON, START } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi, type TestRequest } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

type As = NonNullable<TestRequest['as']>;

const approve = (id: string, as: As, body: object = {}) =>
  api.send('POST', `/v1/exceptions/${id}/approve`, {
    as,
    body: { ...(COMMAND_BODIES.approve as object), ...body },
  });

async function waiting(as: As, query = ''): Promise<string[]> {
  const { status, body } = await api.send('GET', `/v1/approvals${query}`, { as });
  expect(status).toBe(200);
  return body.items.map(
    (item: { exception: { exception_id: string } }) => item.exception.exception_id,
  );
}

describe('approvals', () => {
  test('wait for the roles that are asked for, until each is filled', async () => {
    const { exception_id: id } = await recordIn(api, 'Under-Review');
    for (const as of ['approver', 'security', 'domain-owner', 'ciso'] as const)
      expect(await waiting(as)).toContain(id);
    expect(await waiting('dpo')).not.toContain(id);
    const first = passed(await approve(id, 'approver'));
    expect(first.approvals).toMatchObject([{ role: 'security' }]);
    expect(await waiting('approver')).not.toContain(id);
    expect(await waiting('security')).not.toContain(id);
    // Who may stand in for the domain as well, and has not approved.
    expect(await waiting('second-approver')).toContain(id);
    passed(await approve(id, 'domain-owner'));
    const { body } = await api.send('GET', '/v1/approvals', { as: 'ciso' });
    expect(body.items.at(-1)).toMatchObject({
      exception: { exception_id: id },
      requirements: [{ role: 'ciso', count: 1, rule: 'high-severity' }],
      change_id: null,
    });
    expect(passed(await approve(id, 'ciso')).status).toBe('Approved');
    expect(await waiting('ciso')).not.toContain(id);
  });

  test('wait for nobody who asked for it', async () => {
    const body = { ...COMPLETE, title: 'mine' };
    const own = passed(await api.send('POST', '/v1/exceptions?submit=true', { as: 'ciso', body }));
    expect(await waiting('ciso')).not.toContain(own.exception_id);
    expect(await waiting('security')).toContain(own.exception_id);
    expectProblem(await approve(own.exception_id, 'ciso'), 403, 'self-approval');
  });

  test('say why, and are shown with it', async () => {
    const { exception_id: id } = await recordIn(api, 'Under-Review');
    const refused = await approve(id, 'security', { reason: ' looks   good ' });
    expectProblem(refused, 400, 'invalid-request');
    expect(refused.body.errors).toMatchObject([
      { path: 'reason', message: expect.stringContaining('has 10 characters') },
    ]);
    expect(passed(await approve(id, 'security')).approvals).toMatchObject([{ reason: REASON }]);
  });

  test('of an extension wait likewise, and name the change', async () => {
    const { exception_id: id } = await recordIn(api, 'Active');
    const asked = passed(await command(api, id, 'request-extension'));
    const { body } = await api.send('GET', '/v1/approvals?limit=200', { as: 'ciso' });
    const found = body.items.find(
      ({ exception }: { exception: { exception_id: string } }) => exception.exception_id === id,
    );
    expect(found).toMatchObject({
      change_id: (asked.pending_change as { change_id: string }).change_id,
      requirements: [{ role: 'ciso' }],
    });
  });

  test('are refused in a role that is not asked for, with the roles that are', async () => {
    const { exception_id: id } = await recordIn(api, 'Under-Review');
    const refused = await approve(id, 'dpo');
    expectProblem(refused, 403, 'not-permitted');
    expect(refused.body.detail).toContain('it needs security, domain-owner, ciso');
    expectProblem(await approve(id, 'ciso', { role: 'security' }), 403, 'not-permitted');
  });

  test('are asked of each consumer that a breaking change names', async () => {
    const { exception_id: id } = await draft(api, {
      change_class: 'breaking',
      consumers: ['billing', 'portal'],
    });
    passed(await command(api, id, 'submit'));
    const one = passed(await approve(id, 'consumer', { consumer: 'portal' }));
    expect(one.approvals).toMatchObject([{ role: 'consumer', consumer: 'portal' }]);
    expectProblem(await approve(id, 'consumer'), 409, 'already-approved');
  });

  test('may shorten the time, never lengthen it', async () => {
    const { exception_id: id } = await recordIn(api, 'Under-Review');
    const at = (days: number) => ({ expires_at: formatInstant(START + days * DAY) });
    for (const days of [0, 91])
      expectProblem(await approve(id, 'security', at(days)), 422, 'end-refused');
    const one = passed(await approve(id, 'security', at(20)));
    expect(one.approvals).toMatchObject([{ ends_by: at(20).expires_at }]);
    passed(await approve(id, 'domain-owner', at(30)));
    expect(passed(await approve(id, 'ciso'))).toMatchObject({ status: 'Approved', ...at(20) });
  });

  test('of pages of what waits follow one another', async () => {
    const all = await waiting('security', '?limit=200');
    const first = await api.send('GET', '/v1/approvals?limit=1', { as: 'security' });
    expect(first.body.items).toHaveLength(1);
    const rest = `?limit=200&cursor=${first.body.next_cursor}`;
    expect(await waiting('security', rest)).toEqual(all.slice(1));
    expectProblem(
      await api.send('GET', '/v1/approvals?limit=0', { as: 'security' }),
      400,
      'invalid-request',
    );
  });
});

describe('many at once', () => {
  test('are each decided by their own rules', async () => {
    const [one, two, draftOnly] = [
      await recordIn(api, 'Under-Review'),
      await recordIn(api, 'Under-Review'),
      await recordIn(api, 'Draft'),
    ].map(({ exception_id }) => exception_id);
    const body = {
      ids: [one, two, draftOnly, 'EXC_UNKNOWN'],
      reason: 'reviewed together with the team',
    };
    const { status, body: answer } = await api.send('POST', '/v1/bulk/approve', {
      as: 'security',
      body,
    });
    expect(status).toBe(200);
    expect(answer).toMatchObject({
      done: 2,
      refused: 2,
      results: [
        { id: one, ok: true, status: 'Under-Review', problem: null },
        { id: two, ok: true },
        { id: draftOnly, ok: false, status: null, problem: { status: 409, code: 'wrong-state' } },
        { id: 'EXC_UNKNOWN', ok: false, problem: { status: 404, code: 'not-found' } },
      ],
    });
    const rejected = await api.send('POST', '/v1/bulk/reject', {
      as: 'ciso',
      body: { ...body, ids: [one] },
    });
    expect(rejected.body.results).toMatchObject([{ ok: true, status: 'Closed' }]);
  });

  test('find their answers again under the same key', async () => {
    const { exception_id: id } = await recordIn(api, 'Under-Review');
    const request = {
      as: 'security' as const,
      body: { ids: [id], reason: 'reviewed together with the team' },
      headers: { 'idempotency-key': 'bulk-1' },
    };
    const first = await api.send('POST', '/v1/bulk/approve', request);
    const again = await api.send('POST', '/v1/bulk/approve', request);
    expect(again.body).toEqual(first.body);
    expect(first.body.done).toBe(1);
  });

  test('are each refused where the reason says too little', async () => {
    const { exception_id: id } = await recordIn(api, 'Under-Review');
    for (const [name, as] of [
      ['approve', 'security'],
      ['reject', 'security'],
      ['revoke', 'requestor'],
    ] as const) {
      const body = { ids: [id], reason: '  fine   then  ' };
      const { body: answer } = await api.send('POST', `/v1/bulk/${name}`, { as, body });
      const problem = { status: name === 'revoke' ? 409 : 400 };
      expect(answer).toMatchObject({ done: 0, refused: 1, results: [{ id, problem }] });
    }
    const { body } = await api.send('GET', `/v1/exceptions/${id}`, { as: 'auditor' });
    expect(body).toMatchObject({ status: 'Under-Review', approvals: [], revision: 2 });
  });

  test('are ended, and given to others', async () => {
    const { exception_id: id } = await recordIn(api, 'Active');
    const owners = [{ name: 'New Owner', email: 'new@example.com' }];
    const reassigned = await api.send('POST', '/v1/bulk/reassign', {
      as: 'requestor',
      body: { ids: [id], owners },
    });
    expect(reassigned.body).toMatchObject({ done: 1, refused: 0 });
    const revoked = await api.send('POST', '/v1/bulk/revoke', {
      as: 'requestor',
      body: { ids: [id], reason: 'the vendor was breached' },
    });
    expect(revoked.body.results).toMatchObject([{ ok: true, status: 'Closed' }]);
    const { body } = await api.send('GET', `/v1/exceptions/${id}`, { as: 'auditor' });
    expect(body).toMatchObject({ owners, status: 'Closed' });
  });

  test.each([
    [{ ids: [], reason: 'x' }],
    [{ ids: ['EXC_1', 'EXC_1'], reason: 'x' }],
    [{ ids: Array.from({ length: 201 }, (_, index) => `EXC_${index}`), reason: 'x' }],
    [{ ids: ['not an id'], reason: 'x' }],
    [{ ids: ['EXC_1'] }],
  ])('are refused where the request itself is wrong', async (body) => {
    const refused = await api.send('POST', '/v1/bulk/revoke', { as: 'requestor', body });
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(refused.status).toBeLessThan(500);
  });
});

test('everybody who has to approve brings a request through', async () => {
  const { exception_id: id } = await recordIn(api, 'Under-Review');
  expect(passed(await approveAll(api, id))).toMatchObject({ status: 'Approved' });
});
