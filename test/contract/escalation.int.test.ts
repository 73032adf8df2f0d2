import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canonicalJson } from '../../src/domain/ledger/canonical.ts';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { policyDigest } from '../../src/domain/policy/policy-digest.ts';
import { DAY, formatInstant, HOUR } from '../../src/domain/schedule/instant.ts';
import { migrationsFolder } from '../../src/main/database-setup.ts';
import {
  approveAll,
  COMMAND_BODIES,
  command,
  passed,
  recordIn,
  type TestRecord,
} from '../support/api-records.ts';
import { COMPLETE, START } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi, type TestRequest } from '../support/test-api.ts';

const api = await createTestApi();
afterAll(() => api.close());

type As = NonNullable<TestRequest['as']>;
const get = async (url: string, as: As) => (await api.send('GET', url, { as })).body;
const read = (id: string): Promise<TestRecord> => get(`/v1/exceptions/${id}`, 'auditor');
const tasks = async (as: As = 'platform-lead') =>
  (await get('/v1/tasks', as)).items as { kind: string; subject_id: string; detail: string }[];
const at = (time: unknown) => Date.parse(String(time));

/** Moves the domain's time, without anybody doing what is due then. */
const setClock = (now: number) =>
  api.admin.query(
    `UPDATE lapse.test_clock SET offset_ms = $1 - floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`,
    [now],
  );

let id: string;
let asked: number;

beforeAll(async () => {
  const request = await recordIn(api, 'Under-Review');
  id = request.exception_id;
  asked = at(request.submitted_at);
});

test('a request says since when it waits, and nobody is told before three days', async () => {
  expect(await read(id)).toMatchObject({
    awaited_since: formatInstant(asked),
    escalations: [],
    next_deadline: formatInstant(asked + 30 * DAY),
  });
  await api.moveTo(asked + 3 * DAY - HOUR);
  expect(await read(id)).toMatchObject({ escalations: [], revision: 2 });
  expect(await tasks()).toEqual([]);
});

test('one that is due and not yet escalated is listed once, whatever the list is asked for', async () => {
  await setClock(asked + 3 * DAY + HOUR);
  for (const query of ['', '?status=Under-Review', '?status=Under-Review&sort=title', '?q=oauth']) {
    const { items, total } = await get(`/v1/exceptions${query}`, 'auditor');
    expect([items.length, total]).toEqual([1, 1]);
    // Reads say what the next sweep will record.
    expect(items[0]).toMatchObject({
      status: 'Under-Review',
      escalations: [{ to: 'platform-lead' }],
    });
  }
  const summary = await get('/v1/reports/summary', 'auditor');
  expect(summary).toMatchObject({ under_review: 1, total: 1 });
});

test('the sweep tells the platform lead: in the ledger, as a task, and to whoever may approve', async () => {
  await api.moveTo(asked + 3 * DAY + HOUR);
  const due = formatInstant(asked + 3 * DAY);
  expect(await read(id)).toMatchObject({
    status: 'Under-Review',
    revision: 3,
    next_deadline: formatInstant(asked + 30 * DAY),
    escalations: [{ to: 'platform-lead', due, waits_since: formatInstant(asked) }],
  });
  const { items } = await get(`/v1/exceptions/${id}/history`, 'auditor');
  expect(items.at(-1)).toMatchObject({
    type: 'ApprovalEscalated',
    actor: { id: 'system:clock' },
    data: { to: 'platform-lead', roles: ['security', 'domain-owner', 'ciso'], due },
  });
  expect(await tasks()).toMatchObject([
    {
      kind: 'approval-escalated',
      subject_id: id,
      detail: expect.stringMatching(
        /^for platform-lead: the request waits since .* for security, domain-owner, ciso;/,
      ),
    },
  ]);
  const waiting = await get('/v1/approvals', 'security');
  expect(waiting.items).toMatchObject([
    { exception: { awaited_since: formatInstant(asked), escalations: [{ to: 'platform-lead' }] } },
  ]);
});

test('it lets nobody approve who may not', async () => {
  expect((await get('/v1/approvals', 'platform-lead')).items).toEqual([]);
  const body = COMMAND_BODIES.approve;
  const approved = await api.send('POST', `/v1/exceptions/${id}/approve`, {
    as: 'platform-lead',
    body,
  });
  expectProblem(approved, 403, 'not-permitted');
});

test('the waiting time is in the diagnosis and in the metrics', async () => {
  const { checks } = await get('/v1/diagnosis', 'administrator');
  const found = checks.find(({ name }: { name: string }) => name === 'approvals');
  expect(found).toMatchObject({ state: 'ok', message: '1 waited for, the longest for 3 days' });
  const { text } = await api.send('GET', '/metrics');
  expect(text).toContain('lapse_approvals_waiting 1');
  const seconds = Number(/^lapse_approvals_waiting_seconds (\S+)$/m.exec(text)?.[1]);
  expect(Math.floor(seconds / 3_600)).toBe(3 * 24 + 1);
  expect(text).toContain('lapse_tasks_open{kind="approval-escalated"} 1');
});

test('after downtime the CISO is told by the next sweep, in place of the platform lead', async () => {
  await setClock(asked + 10 * DAY);
  await api.lapse.loop.settle();
  const open = await tasks('ciso');
  expect(open).toMatchObject([{ subject_id: id, detail: expect.stringMatching(/^for ciso: /) }]);
  expect((await get('/v1/tasks?all=true', 'ciso')).items).toHaveLength(2);
  await api.moveTo(asked + 20 * DAY);
  expect(await tasks()).toHaveLength(1);
  expect((await read(id)).escalations).toMatchObject([
    { due: formatInstant(asked + 3 * DAY) },
    { to: 'ciso', due: formatInstant(asked + 6 * DAY) },
  ]);
});

test('the task ends with the decision', async () => {
  passed(await approveAll(api, id));
  expect(await tasks()).toEqual([]);
  expect(await read(id)).toMatchObject({
    status: 'Approved',
    awaited_since: null,
    escalations: [],
  });
  expect((await api.send('GET', '/metrics')).text).toContain('lapse_approvals_waiting 0');
});

test('a command that comes before the sweep records what was due before it', async () => {
  const late = await recordIn(api, 'Under-Review');
  await setClock(at(late.submitted_at) + 4 * DAY);
  passed(await command(api, late.exception_id, 'approve', 'approver'));
  const { items } = await get(`/v1/exceptions/${late.exception_id}/history`, 'auditor');
  expect(items.slice(-2)).toMatchObject([{ type: 'ApprovalEscalated' }, { type: 'ApprovalGiven' }]);
  expect(await tasks()).toMatchObject([{ subject_id: late.exception_id }]);
  passed(await command(api, late.exception_id, 'withdraw'));
  expect(await tasks()).toEqual([]);
});

test('a change that waits is escalated likewise', async () => {
  const active = await recordIn(api, 'Active');
  const asking = passed(
    await api.send('POST', `/v1/exceptions/${active.exception_id}/request-extension`, {
      as: 'requestor',
      body: {
        reason: 'the supplier is late',
        risk_review: 'unchanged',
        expires_at: formatInstant(at(active.expires_at) + 10 * DAY),
      },
    }),
  );
  const { requested_at, ...change } = asking.pending_change as Record<string, unknown>;
  await api.moveTo(at(requested_at) + 3 * DAY);
  expect(change).not.toHaveProperty('escalation');
  expect(await read(active.exception_id)).toMatchObject({
    status: 'Active',
    awaited_since: requested_at,
    escalations: [{ to: 'platform-lead' }],
  });
  expect(await tasks()).toMatchObject([
    { detail: expect.stringContaining('a change waits since') },
  ]);
});

test('a pack from before there were reasons and escalations is read with their defaults', async () => {
  const tenant = await api.addTenant();
  const { reasons: _, escalation: __, ...old } = { ...BUILT_IN_POLICY, id: 'of-the-last-release' };
  const digest = policyDigest(old as typeof BUILT_IN_POLICY);
  await api.admin.query('INSERT INTO lapse.policy_packs VALUES ($1, $2, $3)', [
    tenant.tenantId,
    digest,
    canonicalJson(old),
  ]);
  await api.admin.query('INSERT INTO lapse.policy_versions VALUES ($1, 1, $2)', [
    tenant.tenantId,
    { version: 1, digest, id: old.id, since: formatInstant(START), by: { id: 'a', name: 'A' } },
  ]);
  const { requestor: token } = tenant.tokens;
  const inForce = await api.send('GET', '/v1/policy', { token });
  const { reasons, escalation } = BUILT_IN_POLICY;
  expect(inForce.body).toMatchObject({ digest, pack: { id: old.id, reasons, escalation } });
  const body = COMPLETE;
  const request = passed(await api.send('POST', '/v1/exceptions?submit=true', { token, body }));
  expect(request).toMatchObject({ policy: digest });
});

test('what all of this left behind verifies, also as a migration would have made it', async () => {
  const { signal } = new AbortController();
  const verify = () => api.lapse.verifyLedger(api.tenantId, () => {}, signal);
  const approvals = [{ role: 'platform-lead', step: 2 }];
  const steps = { id: 'steps', source: 'a test', effects: { approvals } };
  const pack = { ...BUILT_IN_POLICY, rules: [...BUILT_IN_POLICY.rules, steps] };
  const headers = { 'if-match': '"0"' };
  const put = await api.send('PUT', '/v1/policy', { as: 'administrator', body: pack, headers });
  expect(put.status, put.text).toBe(200);
  const stepped = await recordIn(api, 'Draft');
  passed(await command(api, stepped.exception_id, 'submit'));
  await api.moveTo(at((await read(stepped.exception_id)).submitted_at) + DAY);
  for (const as of ['security', 'domain-owner', 'ciso'] as const) {
    const url = `/v1/exceptions/${stepped.exception_id}/approve`;
    passed(await api.send('POST', url, { as, body: COMMAND_BODIES.approve }));
  }
  const { awaited_since, approvals: given } = await read(stepped.exception_id);
  expect(awaited_since).toBe((given as { at: string }[]).at(-1)?.at);
  expect(await verify()).toMatchObject({ ok: true });
  const since = 'SELECT exception_id, awaited_since FROM lapse.exceptions ORDER BY 1';
  const { rows: folded } = await api.admin.query(since);
  await api.admin.query("UPDATE lapse.exceptions SET awaited_since = 'infinity'");
  expect(await verify()).toMatchObject({ ok: false });
  const migration = readFileSync(join(migrationsFolder(), '0009-escalation.sql'), 'utf8');
  await api.admin.query(
    migration.slice(migration.indexOf('WITH awaited'), migration.indexOf('CREATE INDEX')),
  );
  expect((await api.admin.query(since)).rows).toEqual(folded);
  expect(await verify()).toMatchObject({ ok: true });
});
