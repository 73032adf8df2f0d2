import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { azureError } from '../../src/connectors/azure/fake/fake-call.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/domain/schedule/instant.ts';
import { type CloudLab, createCloudLab, SCOPE, SUBSCRIPTION } from './cloud-lab.ts';

let lab: CloudLab;
/** The time by which the lanes go: a minute for each step that the domain's time takes, so that nothing waits. */
let outside = Date.now();
/** Somebody's access that Lapse has nothing to do with. */
let bystander: { readonly subject: string };

beforeAll(async () => {
  lab = await createCloudLab({}, () => outside);
  await lab.connect('manage');
  bystander = lab.newRole();
  lab.assign(bystander);
});
afterAll(() => lab.close());
afterEach(async () => {
  lab.cloud.mend();
  lab.cloud.lag = 0;
  expect(lab.assignments(bystander.subject)).toBe(1);
  await expectTold();
});

type Role = ReturnType<CloudLab['newRole']>;

/** A record in force whose grant stands in the cloud. */
async function standing(): Promise<{ id: string; role: Role }> {
  const role = lab.newRole();
  const id = await lab.inForce([role]);
  await moveOn(MINUTE);
  expect(lab.assignments(role.subject)).toBe(1);
  return { id, role };
}

/** One change each way at most, and every call of Lapse has its event. */
async function expectOneEachWay(role: Role): Promise<void> {
  const kinds = lab.changes(role.subject).map((change) => change.split(' ')[0]?.split('/').at(-1));
  expect(kinds).toEqual([...new Set(kinds)]);
  const { rows } = await lab.api.admin.query(
    `SELECT count(*)::int AS begun FROM lapse.events
     WHERE stream_type = 'grant' AND convert_from(envelope, 'utf8') LIKE '%"CallBegun"%'`,
  );
  const calls = lab.cloud.log.filter(
    ({ method, caller }) => method === 'PUT' && caller !== 'somebody',
  );
  expect(rows[0].begun).toBeGreaterThanOrEqual(calls.length);
}

/** Nothing stands past its end of which nobody was told. */
async function expectTold(): Promise<void> {
  const { rows } = await lab.api.admin.query(
    `SELECT g.grant_id, g.state -> 'spec' ->> 'subject' AS subject,
       g.task_id IS NOT NULL AND g.task_ended_at IS NULL AS is_told
     FROM lapse.grants g JOIN lapse.exceptions e USING (tenant_id, exception_id)
     WHERE e.expires_at < to_timestamp($1::double precision / 1000) - interval '15 minutes'`,
    [lab.now],
  );
  const untold = rows.filter((row) => !row.is_told && lab.assignments(row.subject) > 0);
  expect(untold).toEqual([]);
}

async function statusOf(id: string): Promise<string> {
  const { body } = await lab.api.send('GET', `/v1/exceptions/${id}`, { as: 'requestor' });
  return body.status;
}

/** Moves the domain's time on, and the time outside with it. */
async function moveOn(milliseconds: number): Promise<void> {
  outside += MINUTE;
  await lab.moveOn(milliseconds);
}

/** Lets time pass in steps, so that what waits comes due. */
async function letPass(total: number, step: number): Promise<void> {
  for (let passed = 0; passed < total; passed += step) await moveOn(step);
}

const isDelete = ({ method }: { method: string }) => method === 'DELETE';
const isAny = () => true;

test('killed between the call and its record: the next worker finds it done', async () => {
  const { id, role } = await standing();
  await lab.setTime(lab.now + 10 * DAY);
  let transactions = 0;
  const killed = lab.worker({
    onTransaction() {
      transactions += 1;
      if (transactions > 1) throw new Error('killed');
    },
  });
  await killed.runBatch();
  await killed.drained?.();
  expect(lab.assignments(role.subject)).toBe(0);
  const [unanswered] = await lab.grantsOf(id);
  expect(unanswered.status).toBe('removing');
  await letPass(2 * MINUTE, 30 * SECOND);
  expect(await statusOf(id)).toBe('Closed');
  await expectOneEachWay(role);
});

test('killed before the call: it is made by the next worker', async () => {
  const { id, role } = await standing();
  await lab.setTime(lab.now + 10 * DAY);
  lab.cloud.fail({ fits: isAny, times: 1, does: 'drop' });
  const killed = lab.worker();
  await killed.runBatch();
  await killed.drained?.();
  expect(lab.assignments(role.subject)).toBe(1);
  await letPass(MINUTE, 10 * SECOND);
  expect(await statusOf(id)).toBe('Closed');
  await expectOneEachWay(role);
});

test('the cloud is down for a week: a person is told, the task escalates, and it goes when it can', async () => {
  const { id, role } = await standing();
  lab.cloud.fail({ fits: isAny, times: 1e9, does: azureError(503, 'ServerUnavailable', 'down') });
  await moveOn(10 * DAY);
  await letPass(10 * MINUTE, MINUTE);
  expect(await lab.grantsOf(id)).toMatchObject([
    { status: 'failed', removal_task: { ended: null } },
  ]);
  await letPass(7 * DAY, 12 * HOUR);
  const [waiting] = await lab.grantsOf(id);
  expect(waiting.removal_task.escalated.map(({ to }: { to: string }) => to)).toEqual([
    'platform-lead',
    'security',
    'ciso',
  ]);
  expect(waiting.tried.at(-1).message).toContain('503');
  expect(await statusOf(id)).toBe('Expired');
  lab.cloud.mend();
  await letPass(2 * HOUR, HOUR);
  expect(await statusOf(id)).toBe('Closed');
  expect(await lab.grantsOf(id)).toMatchObject([
    { status: 'removed', removal_task: { ended: { how: 'seen-gone' } } },
  ]);
  await expectOneEachWay(role);
});

test('429 after 429: no attempt is counted, and it goes as soon as the cloud lets it', async () => {
  const { id, role } = await standing();
  const answer = azureError(429, 'SubscriptionRequestsThrottled', 'slow down');
  lab.cloud.fail({
    fits: isDelete,
    times: 3,
    does: { ...answer, headers: { 'retry-after': '1' } },
  });
  await moveOn(10 * DAY);
  expect(await statusOf(id)).toBe('Expired');
  await letPass(30 * SECOND, 5 * SECOND);
  expect(await statusOf(id)).toBe('Closed');
  expect(await lab.grantsOf(id)).toMatchObject([{ failed_calls: 0, removal_task: null }]);
  await expectOneEachWay(role);
});

test('a time-out after the deletion really happened: it is not deleted again', async () => {
  const { id, role } = await standing();
  lab.cloud.fail({ fits: isDelete, times: 1, does: 'drop-after' });
  await moveOn(10 * DAY);
  await letPass(MINUTE, 10 * SECOND);
  expect(await statusOf(id)).toBe('Closed');
  await expectOneEachWay(role);
});

test('reads that lag behind the deletion: it is gone only when it was seen gone', async () => {
  const { id, role } = await standing();
  lab.passInCloud(HOUR);
  lab.cloud.lag = MINUTE;
  await moveOn(10 * DAY);
  expect(lab.assignments(role.subject)).toBe(0);
  expect(await statusOf(id)).toBe('Expired');
  expect(await lab.grantsOf(id)).toMatchObject([{ status: 'removing' }]);
  lab.passInCloud(5 * MINUTE);
  await letPass(MINUTE, 10 * SECOND);
  expect(await statusOf(id)).toBe('Closed');
  await expectOneEachWay(role);
});

test('reads that lag behind the assignment: what was put there is taken away all the same', async () => {
  const { id, role } = await standing();
  lab.cloud.lag = DAY;
  const reason = 'it is no longer safe to keep';
  await lab.api.send('POST', `/v1/exceptions/${id}/revoke`, { as: 'approver', body: { reason } });
  await moveOn(SECOND);
  expect(lab.assignments(role.subject)).toBe(0);
  await expectOneEachWay(role);
});

test('an assignment whose answer was lost, and that no list shows yet: it is taken away all the same', async () => {
  const role = lab.newRole();
  const isPut = ({ method }: { method: string }) => method === 'PUT';
  lab.cloud.fail({ fits: isPut, times: 1, does: 'drop-after' });
  lab.cloud.lag = DAY;
  const id = await lab.inForce([role]);
  await moveOn(SECOND);
  expect(lab.assignments(role.subject)).toBe(1);
  const reason = 'it is no longer safe to keep';
  await lab.api.send('POST', `/v1/exceptions/${id}/revoke`, { as: 'approver', body: { reason } });
  await moveOn(SECOND);
  expect(lab.assignments(role.subject)).toBe(0);
  await expectOneEachWay(role);
});

test('a scope that is locked: a person is told, and it goes once the lock does', async () => {
  const { id, role } = await standing();
  lab.cloud.store.put(`lock:${SCOPE.toLowerCase()}`, true, 0);
  await moveOn(10 * DAY);
  await letPass(5 * MINUTE, 30 * SECOND);
  const [grant] = await lab.grantsOf(id);
  expect(grant.removal_task).toMatchObject({
    ended: null,
    reason: expect.stringContaining('ScopeLocked'),
  });
  lab.cloud.store.put(`lock:${SCOPE.toLowerCase()}`, undefined, lab.cloud.now);
  await letPass(2 * HOUR, HOUR / 2);
  expect(await statusOf(id)).toBe('Closed');
  await expectOneEachWay(role);
});

test('credentials that have expired: a person is told, and it goes once they are mended', async () => {
  const { id, role } = await standing();
  const does = azureError(401, 'ExpiredAuthenticationToken', 'The access token has expired.');
  lab.cloud.fail({ fits: isAny, times: 1e9, does });
  await moveOn(10 * DAY);
  await letPass(5 * MINUTE, 30 * SECOND);
  expect(await lab.grantsOf(id)).toMatchObject([{ removal_task: { ended: null } }]);
  lab.cloud.mend();
  await letPass(2 * HOUR, HOUR / 2);
  expect(await statusOf(id)).toBe('Closed');
  await expectOneEachWay(role);
});

test('two workers at once: one call each way', async () => {
  const { id, role } = await standing();
  await lab.setTime(lab.now + 10 * DAY);
  const workers = [lab.worker(), lab.worker(), lab.worker()];
  await Promise.all(workers.map((worker) => worker.runBatch()));
  await Promise.all(workers.map((worker) => worker.drained?.()));
  await moveOn(SECOND);
  expect(await statusOf(id)).toBe('Closed');
  const deletes = lab.cloud.log.filter(
    ({ method, changes }) => method === 'DELETE' && changes.length > 0,
  );
  expect(new Set(deletes.map(({ path }) => path)).size).toBe(deletes.length);
  await expectOneEachWay(role);
});

test('a clock that is set back: nothing comes back, and nothing is called twice', async () => {
  const { id, role } = await standing();
  await moveOn(10 * DAY);
  expect(await statusOf(id)).toBe('Closed');
  const end = lab.now;
  await moveOn(-5 * DAY);
  expect(lab.assignments(role.subject)).toBe(0);
  expect(await statusOf(id)).toBe('Closed');
  await moveOn(end - lab.now);
  await expectOneEachWay(role);
});

test('one that cannot be told holds up no other', async () => {
  const hanging = await standing();
  const { id, role } = await standing();
  const path = new RegExp(hanging.role.subject);
  lab.cloud.fail({
    fits: ({ query }) => path.test(query.get('$filter') ?? ''),
    times: 1e9,
    does: 'drop',
  });
  await moveOn(10 * DAY);
  expect(await statusOf(id)).toBe('Closed');
  expect(await statusOf(hanging.id)).toBe('Expired');
  await letPass(5 * MINUTE, 30 * SECOND);
  expect(await lab.grantsOf(hanging.id)).toMatchObject([{ removal_task: { ended: null } }]);
  lab.cloud.mend();
  await letPass(2 * HOUR, HOUR / 2);
  await expectOneEachWay(role);
});

test('a scope that is deleted: what was there is gone with it', async () => {
  const { id, role } = await standing();
  lab.cloud.store.put(`gone:${SCOPE.toLowerCase()}`, true, 0);
  await moveOn(10 * DAY);
  expect(await statusOf(id)).toBe('Closed');
  expect(await lab.grantsOf(id)).toMatchObject([{ status: 'removed', said_by: 'cloud' }]);
  lab.cloud.store.put(`gone:${SCOPE.toLowerCase()}`, undefined, lab.cloud.now);
  for (const [key, value] of lab.cloud.store.list('assignment:')) {
    if (!JSON.stringify(value).includes(role.subject)) continue;
    lab.cloud.store.put(key, undefined, lab.cloud.now);
  }
});

test('a subscription that is not found: it may only be out of reach, so a person is told', async () => {
  const { id } = await standing();
  const known = `subscription:${SUBSCRIPTION}`;
  lab.cloud.store.put(known, undefined, lab.cloud.now);
  await moveOn(10 * DAY);
  await letPass(20 * MINUTE, MINUTE);
  expect(await statusOf(id)).toBe('Expired');
  expect(await lab.grantsOf(id)).toMatchObject([{ removal_task: { ended: null } }]);
  lab.cloud.store.put(known, { id: SUBSCRIPTION }, lab.cloud.now);
  await letPass(2 * HOUR, HOUR / 2);
  expect(await statusOf(id)).toBe('Closed');
});

test('after all of it the ledger verifies', async () => {
  const { lapse, tenantId } = lab.api;
  const found = await lapse.verifyLedger(tenantId, () => {}, new AbortController().signal);
  expect(found).toMatchObject({ ok: true, findings: [] });
});
