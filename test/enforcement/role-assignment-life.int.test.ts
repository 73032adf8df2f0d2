import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DAY, MINUTE } from '../../src/domain/schedule/instant.ts';
import { type CloudLab, createCloudLab, ROLE } from './cloud-lab.ts';

let lab: CloudLab;
beforeAll(async () => {
  lab = await createCloudLab();
});
afterAll(() => lab.close());

const isRemoval = ({ kind }: { kind: string }) => kind === 'removal';
const assign = () => lab.assign(ROLE);

describe('a grant that Lapse manages', () => {
  test('is put in place at the start, taken away at the end, read back, and the record closes', async () => {
    await lab.connect('manage');
    const id = await lab.inForce([ROLE]);
    await lab.moveOn(MINUTE);
    expect(lab.assignments()).toBe(1);
    expect(await lab.grantsOf(id)).toMatchObject([
      { status: 'in-place', said_by: 'cloud', mode: 'manage', placed: { ours: true } },
    ]);
    const before = await lab.api.send('GET', `/v1/exceptions/${id}`, { as: 'requestor' });
    expect(before.body.status).toBe('Active');
    await lab.moveOn(10 * DAY);
    expect(lab.assignments()).toBe(0);
    expect(await lab.grantsOf(id)).toMatchObject([{ status: 'removed', said_by: 'cloud' }]);
    const after = await lab.api.send('GET', `/v1/exceptions/${id}`, { as: 'requestor' });
    expect(after.body).toMatchObject({ status: 'Closed', closed: { reason: 'expired' } });
    const changes = lab.changes();
    expect(changes.map((change) => change.split(' ')[0]?.split('/').at(-1))).toEqual([
      'write',
      'delete',
    ]);
  });

  test('is taken away at once when the record is revoked', async () => {
    const id = await lab.inForce([ROLE]);
    await lab.moveOn(MINUTE);
    expect(lab.assignments()).toBe(1);
    const reason = 'it is no longer safe to keep';
    await lab.api.send('POST', `/v1/exceptions/${id}/revoke`, { as: 'approver', body: { reason } });
    await lab.moveOn(1_000);
    expect(lab.assignments()).toBe(0);
    const after = await lab.api.send('GET', `/v1/exceptions/${id}`, { as: 'requestor' });
    expect(after.body).toMatchObject({ status: 'Closed', closed: { reason: 'revoked' } });
  });
});

describe('a grant that people put in place', () => {
  test('is taken away at its end, whatever its name in the cloud', async () => {
    await lab.connect('remove');
    const id = await lab.inForce([ROLE]);
    await lab.moveOn(MINUTE);
    expect(lab.assignments()).toBe(0);
    expect(await lab.grantsOf(id)).toMatchObject([{ status: 'planned' }]);
    assign();
    await lab.moveOn(2 * 60 * MINUTE);
    expect(await lab.grantsOf(id)).toMatchObject([
      { status: 'in-place', said_by: 'cloud', placed: { ours: false } },
    ]);
    await lab.moveOn(10 * DAY);
    expect(lab.assignments()).toBe(0);
    expect(await lab.grantsOf(id)).toMatchObject([{ status: 'removed' }]);
  });

  test('is only watched where the mode is observe: its end opens a task, and what is seen gone ends it', async () => {
    await lab.connect('observe');
    const id = await lab.inForce([ROLE]);
    assign();
    await lab.moveOn(11 * DAY);
    expect(lab.assignments()).toBe(1);
    const [grant] = await lab.grantsOf(id);
    expect(grant).toMatchObject({ status: 'failed', removal_task: { ended: null } });
    const { body } = await lab.api.send('GET', '/v1/removal-tasks', { as: 'platform' });
    expect(body.items.map(({ grant_id }: { grant_id: string }) => grant_id)).toEqual([
      grant.grant_id,
    ]);
    await lab.connect('remove');
    await lab.moveOn(MINUTE);
    expect(lab.assignments()).toBe(0);
    expect(await lab.grantsOf(id)).toMatchObject([
      { status: 'removed', removal_task: { ended: { how: 'seen-gone' } } },
    ]);
  });
});

describe('a grant that nothing reaches', () => {
  test('opens a task at its end, which a person ends with links, and the record closes', async () => {
    const id = await lab.inForce([{ kind: 'vpn-account', target: 'the old gateway' }]);
    await lab.moveOn(11 * DAY);
    const [grant] = await lab.grantsOf(id);
    expect(grant).toMatchObject({ status: 'manual', connection: null });
    const tasks = await lab.api.send('GET', '/v1/tasks', { as: 'platform' });
    const [task] = tasks.body.items.filter(isRemoval);
    expect(task).toMatchObject({ kind: 'removal', subject_id: grant.grant_id });
    expect(task.detail).toContain(`${grant.removal_task.task_id}`);
    const url = `/v1/removal-tasks/${grant.removal_task.task_id}/attest`;
    const statement = 'the account is deleted';
    const without = await lab.api.send('POST', url, {
      as: 'platform',
      body: { statement, links: [] },
    });
    expect(without.status).toBe(422);
    const body = { statement, links: ['https://example.com/vpn/log'] };
    const attested = await lab.api.send('POST', url, { as: 'platform', body });
    expect(attested.body).toMatchObject({ status: 'removed', attested: { statement } });
    const again = await lab.api.send('POST', url, { as: 'platform', body });
    expect(again.body.code).toBe('wrong-state');
    await lab.moveOn(1_000);
    const after = await lab.api.send('GET', `/v1/exceptions/${id}`, { as: 'requestor' });
    expect(after.body).toMatchObject({ status: 'Closed', closed: { reason: 'expired' } });
    const left = await lab.api.send('GET', '/v1/tasks', { as: 'platform' });
    expect(left.body.items.filter(isRemoval)).toEqual([]);
  });
});

test('the ledger of all of it verifies', async () => {
  const { lapse, tenantId } = lab.api;
  const found = await lapse.verifyLedger(tenantId, () => {}, new AbortController().signal);
  expect(found).toMatchObject({ ok: true, findings: [] });
});
