import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { DAY, HOUR } from '../../src/domain/schedule/instant.ts';
import {
  approveAll,
  COMMAND_BODIES,
  command,
  draft,
  passed,
  type TestRecord,
} from '../support/api-records.ts';
import { ALL_EVIDENCE, COMPLETE, RENEWAL, START } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi, type TestRequest } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

type Role = NonNullable<TestRequest['as']>;

const EMERGENCY = { break_glass: true, reason: 'orders are lost every minute' };
let subjects = 0;

const post = (id: string, name: string, body: unknown, as: Role = 'requestor') =>
  api.send('POST', `/v1/exceptions/${id}/${name}`, { as, body });
const read = async (id: string) =>
  passed(await api.send('GET', `/v1/exceptions/${id}`, { as: 'auditor' }));
const approve = (id: string, as: Role, change?: string) =>
  post(id, 'approve', { reason: 'it was rightly done so', ...(change ? { change } : {}) }, as);
const settings = (fields: object = {}) => ({ services: [`shop-${++subjects}`], ...fields });

async function awaited(id: string, as: Role) {
  const { body } = await api.send('GET', '/v1/approvals?limit=200', { as });
  return body.items.find(
    ({ exception }: { exception: TestRecord }) => exception.exception_id === id,
  );
}
async function reviewTask(id: string) {
  const { body } = await api.send('GET', '/v1/tasks', { as: 'auditor' });
  return body.items.find(
    (task: { kind: string; subject_id: string }) =>
      task.kind === 'review-owed' && task.subject_id === id,
  );
}
async function listed(status: string, id: string): Promise<boolean> {
  const { body } = await api.send('GET', `/v1/exceptions?status=${status}&limit=200`, {
    as: 'auditor',
  });
  return body.items.some((item: TestRecord) => item.exception_id === id);
}
/** Moves the time without any sweep. */
const unswept = (now: number) =>
  api.admin.query(
    `UPDATE lapse.test_clock
     SET offset_ms = $1 - floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`,
    [now],
  );

/** In force under the CISO's approval alone. */
async function inForce(fields: object = {}): Promise<string> {
  const { exception_id: id } = await draft(api, settings(fields));
  passed(await post(id, 'submit', EMERGENCY));
  passed(await approve(id, 'ciso'));
  expect(passed(await command(api, id, 'activate'))).toMatchObject({ in_force: true });
  return id;
}

beforeEach(() => api.moveTo(START));

describe('a break-glass', () => {
  test('is in force under one approver, tells all others, and goes on once they have approved', async () => {
    const { exception_id: id } = await draft(api, settings());
    passed(await post(id, 'submit', EMERGENCY));
    for (const role of ['security', 'domain-owner', 'ciso'] as const)
      expect(await awaited(id, role)).toMatchObject({ change_id: null, owed_by: null });
    expectProblem(await approve(id, 'dpo'), 403, 'not-permitted');
    const approved = passed(await approve(id, 'ciso'));
    expect(approved).toMatchObject({
      status: 'Approved',
      break_glass: { reason: 'orders are lost every minute' },
      owed: { kind: 'break-glass', change_id: 'break-glass' },
    });
    expect(passed(await command(api, id, 'activate'))).toMatchObject({ in_force: true });
    const by = (approved.owed as { by: string }).by;
    expect(await awaited(id, 'security')).toMatchObject({ change_id: 'break-glass', owed_by: by });
    expect(await awaited(id, 'ciso')).toBeUndefined();
    const task = await reviewTask(id);
    expect(task.detail).toContain(
      `a break-glass review is owed by ${by}, with the decision record`,
    );

    passed(await approve(id, 'security', 'break-glass'));
    expect(passed(await approve(id, 'domain-owner', 'break-glass')).owed).toBeNull();
    expect(await awaited(id, 'security')).toBeUndefined();
    expect(await reviewTask(id)).toBeUndefined();
    await api.moveTo(START + DAY - HOUR);
    expect(await read(id)).toMatchObject({ in_force: true });
    await api.moveTo(START + DAY + HOUR);
    expect(await read(id)).toMatchObject({ status: 'Expired' });
  });

  test('is revoked by itself, and shown so before any sweep', async () => {
    const id = await inForce();
    const { owed } = await read(id);
    const { by } = owed as { by: string };
    await unswept(START + 30 * HOUR);
    expect(await read(id)).toMatchObject({ status: 'Expired', in_force: false, ended_at: by });
    expect(await listed('Active', id)).toBe(false);
    expect(await listed('Expired', id)).toBe(true);
    expectProblem(await approve(id, 'security', 'break-glass'), 409, 'no-such-change');
    await api.moveTo(START + 30 * HOUR);
    expect(await read(id)).toMatchObject({ status: 'Expired', ended_at: by, owed: null });
    expect(await awaited(id, 'security')).toBeUndefined();
    expect(await reviewTask(id)).toBeUndefined();
    const { body } = await api.send('GET', `/v1/exceptions/${id}/history`, { as: 'auditor' });
    expect(body.items.at(-1)).toMatchObject({
      type: 'ReviewFailed',
      actor: { role: 'system' },
      data: { cause: 'revoked', ended_at: by },
    });
  });

  test('that is over before its review owes it all the same', async () => {
    const id = await inForce({ requested_duration: 'PT4H' });
    const { expires_at: end } = await read(id);
    await api.moveTo(START + 6 * HOUR);
    expect(await read(id)).toMatchObject({ status: 'Expired', ended_at: end, ended_note: null });
    expect(await awaited(id, 'security')).toMatchObject({ change_id: 'break-glass' });
    const closing = { evidence: ALL_EVIDENCE };
    expectProblem(await post(id, 'close', closing), 409, 'not-ready');
    await unswept(START + 30 * HOUR);
    expect(await read(id)).toMatchObject({ status: 'Expired', owed: null });
    await api.moveTo(START + 30 * HOUR);
    const missed = await read(id);
    expect(missed).toMatchObject({ status: 'Expired', ended_at: end, owed: null });
    expect(missed.ended_note).toContain('was not given');
    expect(passed(await post(id, 'close', {}))).toMatchObject({ closed: { reason: 'revoked' } });
  });

  test('waits for its decision record', async () => {
    const id = await inForce({ adr_id: undefined });
    passed(await approve(id, 'security', 'break-glass'));
    const whole = passed(await approve(id, 'domain-owner', 'break-glass'));
    expect(whole.owed).not.toBeNull();
    const edited = await api.send('PATCH', `/v1/exceptions/${id}`, {
      as: 'requestor',
      headers: { 'if-match': `"${whole.revision}"` },
      body: { adr_id: 'ADR-0300' },
    });
    expect(passed(edited).owed).toBeNull();
  });

  test('refuses what would make it more than an emergency', async () => {
    const { exception_id: long } = await draft(api, settings({ requested_duration: 'PT25H' }));
    expectProblem(await post(long, 'submit', EMERGENCY), 422, 'end-refused');
    const { exception_id: id } = await draft(api, settings());
    expectProblem(await post(id, 'submit', { break_glass: true }), 422, 'invalid-record');
    expectProblem(await post(id, 'submit', { break_glass: 'yes' }), 422, 'invalid-record');
    const body = { ...COMPLETE, ...settings() };
    const own = passed(await api.send('POST', '/v1/exceptions', { as: 'security', body }));
    passed(await post(own.exception_id, 'submit', EMERGENCY, 'security'));
    expectProblem(await approve(own.exception_id, 'security'), 403, 'self-approval');
    const open = await inForce();
    const extension = { ...(COMMAND_BODIES['request-extension'] as object) };
    expectProblem(await post(open, 'request-extension', extension), 409, 'wrong-state');
    const renewal = await post(open, 'renew', RENEWAL);
    expectProblem(renewal, 409, 'wrong-state');
    expect(renewal.body.detail).toContain('draft an ordinary request for the same');
  });

  test('is followed by no other for the same, but by an ordinary request', async () => {
    const services = ['one-subject'];
    const first = await inForce({ services });
    const { exception_id: second } = await draft(api, { services });
    const refused = await post(second, 'submit', EMERGENCY);
    expectProblem(refused, 409, 'already-exists');
    expect(refused.body.detail).toContain(`${first} (a break-glass, Active)`);

    passed(await approve(first, 'security', 'break-glass'));
    passed(await approve(first, 'domain-owner', 'break-glass'));
    passed(await post(first, 'close', { evidence: ALL_EVIDENCE }));
    expectProblem(await post(first, 'archive', {}), 409, 'not-ready');
    const after = await post(second, 'submit', EMERGENCY);
    expectProblem(after, 409, 'already-exists');
    expect(after.body.detail).toContain('until it is archived at 2026-01-31');

    await api.moveTo(START + 40 * DAY);
    expect(passed(await post(second, 'submit', EMERGENCY)).status).toBe('Under-Review');
    const { exception_id: ordinary } = await draft(api, { services });
    passed(await post(ordinary, 'submit', {}));
    passed(await approveAll(api, ordinary));
    const { exception_id: again } = await draft(api, { services });
    const chained = await post(again, 'submit', {});
    expectProblem(chained, 409, 'already-exists');
    expect(chained.body.detail).toContain(`${ordinary} (the first of its chain, Approved)`);
  });
});

describe('a risk that has risen', () => {
  async function active(): Promise<string> {
    const { exception_id: id } = await draft(api, settings({ likelihood: 'Low' }));
    passed(await command(api, id, 'submit'));
    passed(await approveAll(api, id));
    passed(await command(api, id, 'activate'));
    return id;
  }
  const worse = { ...(COMMAND_BODIES['reassess-risk'] as object), likelihood: 'High' };

  test('owes the approvals of the record as it is now', async () => {
    const id = await active();
    const before = await read(id);
    const raised = passed(await post(id, 'reassess-risk', worse));
    const { owed } = raised as unknown as {
      owed: { by: string; change_id: string; requirements: { role: string }[] };
    };
    expect(raised).toMatchObject({ severity: 'High', expires_at: owed.by, in_force: true });
    expect(owed.requirements.map(({ role }) => role)).toContain('ciso');
    expect(await awaited(id, 'ciso')).toMatchObject({ owed_by: owed.by });
    expect((await reviewTask(id)).detail).toContain('a risk-change review is owed by');
    expectProblem(await command(api, id, 'request-extension'), 409, 'change-pending');
    for (const role of ['security', 'domain-owner', 'ciso'] as const)
      passed(await approve(id, role, owed.change_id));
    expect(await read(id)).toMatchObject({ owed: null, expires_at: before.expires_at });
  });

  test('ends what nobody reviews, whoever looks', async () => {
    const id = await active();
    const { owed } = passed(await post(id, 'reassess-risk', worse));
    const { by } = owed as { by: string };
    await unswept(START + 8 * DAY);
    expect(await read(id)).toMatchObject({ status: 'Expired', in_force: false, ended_at: by });
    expect(await listed('Expired', id)).toBe(true);
    await api.moveTo(START + 60 * DAY);
    expect(await read(id)).toMatchObject({ status: 'Expired', ended_at: by, owed: null });
  });

  test('ends at once where the review goes against it', async () => {
    const id = await active();
    passed(await post(id, 'reassess-risk', worse));
    const body = { reason: 'it has to be shut at once', change: 'risk-change' };
    const ended = passed(await post(id, 'reject', body, 'security'));
    expect(ended).toMatchObject({ status: 'Expired', in_force: false, owed: null });
  });

  test('is recorded without review where it has fallen', async () => {
    const id = await active();
    const lower = {
      impact: 'Low',
      reason: 'the data was deleted since',
      risk_review: 'nothing is left',
    };
    expect(passed(await post(id, 'reassess-risk', lower))).toMatchObject({
      impact: 'Low',
      severity: 'Low',
      owed: null,
    });
  });

  test('is refused where it says nothing, or where nothing is in force', async () => {
    const id = await active();
    const { risk_review, reason } = COMMAND_BODIES['reassess-risk'] as Record<string, string>;
    expectProblem(await post(id, 'reassess-risk', { reason, risk_review }), 400, 'invalid-request');
    expectProblem(await post(id, 'reassess-risk', { impact: 'High' }), 422, 'invalid-record');
    const scope = { ...worse, scope: { tenants: ['*'] } };
    expectProblem(await post(id, 'reassess-risk', scope), 422, 'invalid-record');
    const { exception_id: draftId } = await draft(api, settings());
    expectProblem(await post(draftId, 'reassess-risk', worse), 409, 'wrong-state');
  });
});

test('the ledger verifies with all of it in', async () => {
  await api.moveTo(START + 90 * DAY);
  const { text } = await api.send('GET', '/v1/ledger/verification', { as: 'auditor' });
  const last = text.trimEnd().split('\n').at(-1) ?? '';
  expect(JSON.parse(last).result).toMatchObject({ ok: true, findings: [] });
});
