import { afterAll, describe, expect, test } from 'vitest';
import { DAY, formatInstant, HOUR, parseInstant } from '../../src/domain/schedule/instant.ts';
import { approveAll, command, draft, passed, type TestRecord } from '../support/api-records.ts';
import { RENEWAL, START } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi, type TestRequest } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

const ARTIFACTS = ['migration-plan', 'business-case', 'memo'].map((kind) => ({ kind, link: kind }));
const REASONS = [
  'the supplier has moved its release to spring',
  'procurement has to sign a second contract first',
  'their engineers left, a new team starts in autumn',
  'acceptance tests found defects that need another quarter',
  'a court order forbids changes until the hearing',
];

const read = async (id: string) =>
  passed(await api.send('GET', `/v1/exceptions/${id}`, { as: 'auditor' }));
const at = (text: unknown) => parseInstant(String(text)) ?? 0;

async function ready(id: string): Promise<TestRecord> {
  passed(await command(api, id, 'submit'));
  passed(await approveAll(api, id));
  return passed(await command(api, id, 'activate'));
}

async function renewed(of: TestRecord, number: number): Promise<TestRecord> {
  await api.moveTo(at(of.expires_at) - 20 * DAY);
  const body = { ...RENEWAL, justification: REASONS[number - 1] };
  const url = `/v1/exceptions/${of.exception_id}`;
  const made = passed(await api.send('POST', `${url}/renew`, { as: 'requestor', body }));
  const edit = await api.send('PATCH', `/v1/exceptions/${made.exception_id}`, {
    as: 'requestor',
    headers: { 'if-match': `"${made.revision}"` },
    body: { artifacts: ARTIFACTS },
  });
  passed(edit);
  await ready(made.exception_id);
  await api.moveTo(at(of.expires_at));
  return read(made.exception_id);
}

/** A record in force that has so many renewals before it. */
async function chain(service: string, renewals: number): Promise<TestRecord> {
  let last = await ready((await draft(api, { services: [service] })).exception_id);
  for (let number = 1; number <= renewals; number += 1) last = await renewed(last, number);
  expect(last).toMatchObject({ status: 'Active', renewal_number: renewals, in_force: true });
  return last;
}

async function approveChange(id: string, change: string): Promise<TestRecord> {
  let record = await read(id);
  for (;;) {
    const pending = record.pending_change as {
      requirements: { role: TestRequest['as'] }[];
      approvals: { role: string }[];
    } | null;
    const next = pending?.requirements.find(
      ({ role }) => !pending.approvals.some((given) => given.role === role),
    );
    if (!next) return record;
    const body = { reason: 'the risk is contained', change };
    const url = `/v1/exceptions/${id}/approve`;
    record = passed(await api.send('POST', url, { as: next.role, body }));
  }
}

describe('a chain of three renewals', () => {
  let id: string;

  test('becomes permanent once everybody has approved, and only after three', async () => {
    await api.moveTo(START);
    const second = await chain('ledger-export', 2);
    const early = await command(api, second.exception_id, 'make-permanent');
    expectProblem(early, 409, 'not-ready');
    expect(early.body.detail).toContain('only after 3 renewals');
    const third = await renewed(second, 3);
    id = third.exception_id;
    const asked = passed(await command(api, id, 'make-permanent'));
    expect(asked).toMatchObject({
      status: 'Active',
      kind: 'time-boxed',
      pending_change: { kind: 'permanence', memo: 'memos/permanent' },
    });
    const made = await approveChange(id, 'permanence');
    const { pending_change: pending } = asked as unknown as {
      pending_change: { expires_at: string };
    };
    expect(made).toMatchObject({
      status: 'Active',
      kind: 'permanent',
      in_force: true,
      expires_at: pending.expires_at,
      permanence: { business_case: 'cases/permanent', reviewed_at: null },
    });
  });

  test('is shown as permanent in lists and in the table', async () => {
    const list = await api.send('GET', '/v1/exceptions?kind=permanent', { as: 'auditor' });
    expect(list.body.items.map((each: TestRecord) => each.exception_id)).toEqual([id]);
    const csv = await api.send('GET', '/v1/exports/register.csv?kind=permanent', { as: 'auditor' });
    const [head = '', row = ''] = csv.text.replace(/^\ufeff/, '').split(/\r?\n(?=EXC_)/);
    expect(head.split(',')).toContain('kind');
    expect(row).toContain(',permanent,');
  });

  test('cannot be renewed, and a new record for the same is told to review it', async () => {
    const renewal = await command(api, id, 'renew');
    expectProblem(renewal, 409, 'wrong-state');
    const again = await draft(api, { services: ['ledger-export'] });
    const refused = await command(api, again.exception_id, 'submit');
    expectProblem(refused, 409, 'already-exists');
    expect(refused.body.detail).toContain('it is permanent');
  });

  test('goes on by a year with each review, and expires without', async () => {
    const before = await read(id);
    expectProblem(await command(api, id, 'complete-review'), 409, 'not-ready');
    await api.moveTo(at(before.expires_at) - 10 * DAY);
    expect(await read(id)).toMatchObject({ status: 'Expiring' });
    passed(await command(api, id, 'complete-review'));
    const reviewed = await approveChange(id, 'review');
    const year = Number(String(before.expires_at).slice(0, 4));
    expect(reviewed).toMatchObject({
      status: 'Active',
      kind: 'permanent',
      expires_at: String(before.expires_at).replace(String(year), String(year + 1)),
    });
    await api.moveTo(at(reviewed.expires_at));
    expect(await read(id)).toMatchObject({ status: 'Expired', overdue: true, in_force: false });
  });
});

describe('a chain of four renewals', () => {
  const tasks = async (query = '') => {
    const { body } = await api.send('GET', `/v1/tasks${query}`, { as: 'executive-leadership' });
    return body.items as { kind: string; subject_id: string; detail: string }[];
  };
  let fourth: TestRecord;
  let decideBy: number;

  test('becomes a task for executive leadership on the first of the month', async () => {
    await api.moveTo(START + 3_000 * DAY);
    fourth = await chain('mail-relay', 4);
    expect(await tasks()).toEqual([]);
    const activated = String(fourth.activated_at);
    const next = new Date(activated);
    const first = Date.UTC(next.getUTCFullYear(), next.getUTCMonth() + 1, 1);
    await api.moveTo(first - HOUR);
    expect(await tasks()).toEqual([]);
    await api.moveTo(first);
    decideBy = first + 30 * DAY;
    expect(await tasks()).toEqual([
      expect.objectContaining({
        kind: 'chain-decision',
        subject_id: fourth.exception_id,
        detail: expect.stringContaining(formatInstant(decideBy)),
      }),
    ]);
    await api.moveTo(first + DAY);
    expect(await tasks()).toHaveLength(1);
    expect(await read(fourth.exception_id)).toMatchObject({
      decision: { due: formatInstant(first), rearchitecture: null },
    });
  });

  test('cannot be renewed once nobody has decided in time, whether or not a worker has passed', async () => {
    // The clock is moved without the worker.
    await api.admin.query(
      `UPDATE lapse.test_clock SET offset_ms = $1 - floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`,
      [decideBy],
    );
    const url = `/v1/exceptions/${fourth.exception_id}/renew`;
    const body = { ...RENEWAL, justification: REASONS[4] };
    const refused = await api.send('POST', url, { as: 'requestor', body });
    expectProblem(refused, 409, 'not-ready');
    expect(refused.body.detail).toContain('require-rearchitecture by executive leadership');
  });

  test('is decided by executive leadership alone, which ends the task and lets it go on', async () => {
    const url = `/v1/exceptions/${fourth.exception_id}`;
    const decision = { reason: 'rebuilt by June, the budget is there' };
    const send = (as: TestRequest['as']) =>
      api.send('POST', `${url}/require-rearchitecture`, { as, body: decision });
    expectProblem(await send('ciso'), 403, 'not-permitted');
    expect(await tasks()).toHaveLength(1);
    expect(passed(await send('executive-leadership'))).toMatchObject({
      decision: { rearchitecture: { reason: decision.reason } },
    });
    expect(await tasks()).toEqual([]);
    expect(await tasks('?all=true')).toEqual([
      expect.objectContaining({ kind: 'chain-decision', resolved_at: expect.any(String) }),
    ]);
    const body = { ...RENEWAL, justification: REASONS[4] };
    const renewal = await api.send('POST', `${url}/renew`, { as: 'requestor', body });
    expect(passed(renewal)).toMatchObject({ renewal_number: 5 });
  });
});

test('what all of this left behind verifies', async () => {
  const { signal } = new AbortController();
  const result = await api.lapse.verifyLedger(api.tenantId, () => {}, signal);
  expect(result).toMatchObject({ ok: true });
});
