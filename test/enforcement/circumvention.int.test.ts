import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { objectIdOf } from '../../src/connectors/azure/fake/fake-audit-logs.ts';
import { addGroup } from '../../src/connectors/azure/fake/fake-group-members.ts';
import { type AuditEvent, ROLE_ASSIGNED } from '../../src/domain/circumvention/audit-event.ts';
import { readDirectoryAudit } from '../../src/domain/circumvention/read-directory-audit.ts';
import type { ExceptionFields } from '../../src/domain/exception/fields.ts';
import { DAY, formatInstant, HOUR, MINUTE } from '../../src/domain/schedule/instant.ts';
import { keepLines } from '../../src/features/circumvention/audit-inbox.ts';
import { approveAll, command } from '../support/api-records.ts';
import { COMPLETE, RENEWAL } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { ROLE, SCOPE } from './cloud-lab.ts';
import { createWatchedCloud, type WatchedCloud } from './watched-cloud.ts';

/** As the cloud writes it; the register knows rivera@example.com. */
const OWNER = 'Rivera@Example.com';
const REASON = 'it was looked into with the team that owns the shop';
let lab: WatchedCloud;
let personId: string;
let ownToken: string;
beforeAll(async () => {
  lab = await createWatchedCloud();
  personId = await lab.addPerson('A. Rivera', 'rivera@example.com');
  const made = { name: 'A. Rivera', email: 'rivera@example.com', role: 'requestor' };
  const token = await lab.api.send('POST', '/v1/tokens', { as: 'administrator', body: made });
  ownToken = token.body.token;
  await lab.moveOn(MINUTE);
});
afterAll(() => lab.close());

async function tasks(kind: string) {
  const { body } = await lab.api.send('GET', '/v1/tasks?limit=200', { as: 'security' });
  return body.items.filter((task: { kind: string }) => task.kind === kind);
}

/** A record that has ended, whose access is gone, as the logs say by now. */
async function ended() {
  const role = lab.newRole();
  const id = await lab.inForce([role], 1);
  lab.assign(role, SCOPE, OWNER);
  await lab.moveOn(DAY);
  expect(lab.assignments(role.subject)).toBe(0);
  expect(await lab.grantsOf(id)).toMatchObject([{ status: 'removed' }]);
  await lab.moveOn(30 * MINUTE);
  return { id, role };
}

/** Until what was done by now can be read, and the poll after that. */
const untilRead = () => lab.moveOn(20 * MINUTE);

function request(fields: Partial<ExceptionFields>, as: 'requestor' | 'platform' = 'requestor') {
  const body = {
    ...COMPLETE,
    control: 'rbac-tier-1',
    effective_from: formatInstant(lab.now),
    expires_at: formatInstant(lab.now + 5 * DAY),
    services: [crypto.randomUUID()],
    ...fields,
  };
  return lab.api.send('POST', '/v1/exceptions?submit=true', { as, body });
}

describe('access that somebody gives again after its end', () => {
  test('is an alert within one poll after it can be read, is taken away again, and is a strike', async () => {
    const { id, role } = await ended();
    lab.assign(role, SCOPE.toUpperCase(), OWNER);
    await lab.moveOn(14 * MINUTE);
    expect(await lab.alertsOf(role.subject)).toEqual([]);
    await lab.moveOn(6 * MINUTE);
    const [alert, ...others] = await lab.alertsOf(role.subject);
    expect(others).toEqual([]);
    expect(alert).toMatchObject({
      kind: 'circumvention',
      log: 'activity-log',
      exception_id: id,
      person_id: personId,
      by: { upn: 'rivera@example.com' },
      answered: null,
    });
    expect(lab.assignments(role.subject)).toBe(0);
    expect(await lab.grantsOf(id)).toMatchObject([{ status: 'removed', removal_task: null }]);
    expect(await lab.strikes(personId)).toBe(1);
    const [warning] = await tasks('warning');
    expect(warning).toMatchObject({ subject_id: alert.alert_id });
    expect(warning.detail).toContain('A. Rivera');
    const { body: me } = await lab.api.send('GET', '/v1/me', { token: ownToken });
    expect(me).toMatchObject({
      strikes: [{ alert_id: alert.alert_id }],
      has_lost_privileges: false,
    });
    // What the overlap reads again changes nothing.
    await lab.moveOn(HOUR);
    expect(await lab.alertsOf(role.subject)).toHaveLength(1);
    expect(await lab.strikes(personId)).toBe(1);
  });

  test('is answered once, by security, and its warning ends', async () => {
    const { body } = await lab.api.send('GET', '/v1/alerts?answered=false', { as: 'security' });
    const [{ alert_id }] = body.items;
    const url = `/v1/alerts/${alert_id}/answer`;
    const answer = { as: 'security', body: { reason: REASON } } as const;
    expectProblem(
      await lab.api.send('POST', url, { ...answer, as: 'platform' }),
      403,
      'not-permitted',
    );
    const answered = await lab.api.send('POST', url, answer);
    expect(answered.body).toMatchObject({ answered: { reason: REASON } });
    expectProblem(await lab.api.send('POST', url, answer), 409, 'wrong-state');
    expect(await tasks('warning')).toEqual([]);
  });

  test('a second time takes privileged access away, until security lifts the strikes', async () => {
    const held = lab.newRole();
    const requestor = { name: 'A. Rivera', email: 'rivera@example.com' };
    const kept = await lab.inForce([held], 20);
    lab.assign(held, SCOPE, OWNER);
    const waiting = await request({ grants: [lab.newRole()], requestor });
    const other = await request({ requestor: { name: 'C. Dumas', email: 'dumas@example.com' } });
    const unprivileged = await request({ control: 'firewall', requestor });
    const [, id] = [other, waiting.body.exception_id];
    const { role } = await ended();
    lab.assign(role, SCOPE, OWNER);
    await untilRead();
    expect(await lab.strikes(personId)).toBe(2);
    expect(await tasks('incident')).toMatchObject([{ subject_id: personId }]);
    const lost = await lab.api.send('GET', `/v1/exceptions/${kept}`, { as: 'requestor' });
    expect(lost.body).toMatchObject({ status: 'Closed', closed: { reason: 'revoked' } });
    expect(lost.body.closed.note).toContain('A. Rivera has lost privileged access');
    expect(lab.assignments(held.subject)).toBe(0);

    const refused = await request({ requestor });
    expectProblem(refused, 403, 'privileges-lost');
    expect(refused.body.detail).toContain('lift-strikes');
    expectProblem(
      await request({
        requestor: { name: 'C. Dumas', email: 'dumas@example.com' },
        grants: [{ ...ROLE, subject: objectIdOf(OWNER).toUpperCase() }],
      }),
      403,
      'privileges-lost',
    );
    expect((await request({ control: 'firewall', requestor })).status).toBe(201);
    expect(unprivileged.status).toBe(201);
    // An edit makes no request of it either.
    const edit = { as: 'requestor', body: { control: 'rbac-tier-1' } } as const;
    const edited = await lab.api.send('PATCH', `/v1/exceptions/${unprivileged.body.exception_id}`, {
      ...edit,
      headers: { 'if-match': `"${unprivileged.body.revision}"` },
    });
    expectProblem(edited, 403, 'privileges-lost');
    // What was asked for before and is approved now does not come into force.
    await approveAll(lab.api, id);
    await lab.moveOn(MINUTE);
    const late = await lab.api.send('GET', `/v1/exceptions/${id}`, { as: 'requestor' });
    expect(late.body).toMatchObject({ status: 'Closed', closed: { reason: 'revoked' } });

    const url = `/v1/people/${personId}/lift-strikes`;
    const lift = { body: { reason: REASON } } as const;
    expectProblem(
      await lab.api.send('POST', url, { ...lift, as: 'administrator' }),
      403,
      'not-permitted',
    );
    const lifted = await lab.api.send('POST', url, { ...lift, as: 'security' });
    expect(lifted.body.strikes).toEqual([]);
    expect(await tasks('incident')).toEqual([]);
    expect((await request({ requestor })).status).toBe(201);
    expectProblem(await lab.api.send('POST', url, { ...lift, as: 'security' }), 409, 'wrong-state');
  });

  test('by somebody whom the register does not know is an alert, a warning to security, and gone', async () => {
    const { role } = await ended();
    lab.assign(role, SCOPE, 'stranger@example.com');
    await untilRead();
    const [alert] = await lab.alertsOf(role.subject);
    expect(alert).toMatchObject({ kind: 'circumvention', person_id: null });
    expect(lab.assignments(role.subject)).toBe(0);
    expect(
      (await tasks('warning')).map((task: { subject_id: string }) => task.subject_id),
    ).toContain(alert.alert_id);
  });

  test('opens a removal task where the mode is observe', async () => {
    const { id, role } = await ended();
    await lab.connect('observe');
    lab.assign(role, SCOPE, 'stranger@example.com');
    await untilRead();
    expect(lab.assignments(role.subject)).toBe(1);
    expect(await lab.grantsOf(id)).toMatchObject([
      {
        status: 'failed',
        removal_task: { reason: expect.stringContaining('observe'), ended: null },
      },
    ]);
    await lab.connect('remove');
    await lab.moveOn(MINUTE);
    expect(await lab.grantsOf(id)).toMatchObject([{ status: 'removed' }]);
  });

  test('is told of though nobody reads the log for a week', async () => {
    const { role } = await ended();
    lab.cloud.fail({ fits: ({ path }) => path.includes('insights'), times: 3, does: 'drop' });
    lab.assign(role, SCOPE, 'stranger@example.com');
    // The server was away: nothing was done meanwhile.
    await lab.moveOn(7 * DAY);
    await lab.moveOn(6 * MINUTE);
    await lab.moveOn(6 * MINUTE);
    await lab.moveOn(6 * MINUTE);
    expect(await lab.alertsOf(role.subject)).toHaveLength(1);
    expect(lab.assignments(role.subject)).toBe(0);
    expect(await tasks('log-unread')).toEqual([]);
  });

  test('a log that cannot be read for an hour is told of, until it can be', async () => {
    lab.cloud.fail({ fits: ({ path }) => path.includes('insights'), times: 1e9, does: 'drop' });
    for (let polls = 0; polls < 14; polls += 1) await lab.moveOn(6 * MINUTE);
    const [task] = await tasks('log-unread');
    expect(task.detail).toContain('azure');
    lab.cloud.mend();
    await lab.moveOn(6 * MINUTE);
    expect(await tasks('log-unread')).toEqual([]);
  });

  test('is a strike though the line that says what was given comes last, and nothing stands any more', async () => {
    const { id, role } = await ended();
    const strikes = await lab.strikes(personId);
    const resource_id = `${SCOPE}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`;
    const line: AuditEvent = {
      ...{ log: 'activity-log', event_id: 'came-to-be', correlation_id: 'one-operation' },
      ...{ operation: ROLE_ASSIGNED, resource_id, outcome: 'succeeded' },
      ...{ at: lab.now, by: { upn: 'rivera@example.com' } },
    };
    await keep(line);
    await lab.moveOn(MINUTE);
    await keep({ ...line, event_id: 'began', outcome: 'started', access: role });
    await lab.moveOn(2 * MINUTE);
    expect(await lab.alertsOf(role.subject)).toMatchObject([
      { kind: 'circumvention', exception_id: id, person_id: personId },
    ]);
    expect(await lab.strikes(personId)).toBe(strikes + 1);
    const lift = { as: 'security', body: { reason: REASON } } as const;
    await lab.api.send('POST', `/v1/people/${personId}/lift-strikes`, lift);
  });

  test('is seen in groups too, where the register or the connection names them', async () => {
    const group = crypto.randomUUID();
    addGroup(lab.cloud.store, group);
    const { subject } = lab.newRole();
    const member = { kind: 'group-member', target: group, subject };
    const id = await lab.inForce([member], 1);
    await lab.moveOn(2 * DAY);
    // Reads of the directory lag behind: it counts as gone after several.
    for (let looks = 0; looks < 6; looks += 1) await lab.moveOn(5_000);
    expect(await lab.grantsOf(id)).toMatchObject([{ status: 'removed' }]);
    await keep(added(group.toUpperCase(), member.subject), added(crypto.randomUUID(), 'other'));
    await lab.moveOn(MINUTE);
    expect(await lab.alertsOf(member.subject)).toMatchObject([
      { kind: 'circumvention', exception_id: id, log: 'directory-audits', person_id: personId },
    ]);
    expect(await lab.alertsOf('other')).toEqual([]);
    const { rows } = await lab.api.admin.query(
      `SELECT FROM lapse.events WHERE stream_id = $1
         AND convert_from(envelope, 'utf8') LIKE '%"GrantSeenAgain"%'`,
      [(await lab.grantsOf(id))[0].grant_id],
    );
    expect(rows).toHaveLength(1);
  });
});

describe('access that is no circumvention', () => {
  /** Of the group, by the directory's audits. */
  const struck = 1;

  test('what Lapse put there itself, and what a record in force covers', async () => {
    await lab.connect('manage');
    const role = lab.newRole();
    const own = await lab.inForce([role], 2);
    await lab.moveOn(MINUTE);
    expect(await lab.grantsOf(own)).toMatchObject([{ status: 'in-place' }]);
    await lab.connect('remove');
    const given = lab.newRole();
    await lab.inForce([given], 2);
    lab.assign(given, SCOPE, OWNER);
    await untilRead();
    // Past its end too, as the first poll after an outage reads it.
    await lab.moveOn(3 * DAY);
    expect(await lab.alertsOf(role.subject)).toEqual([]);
    expect(await lab.alertsOf(given.subject)).toEqual([]);
  });

  test('a renewal that was approved in time', async () => {
    const role = lab.newRole();
    const id = await lab.inForce([role], 2);
    lab.assign(role, SCOPE, OWNER);
    await lab.moveOn(DAY);
    const renewed = await lab.api.send('POST', `/v1/exceptions/${id}/renew`, {
      as: 'requestor',
      body: { ...RENEWAL, expires_at: formatInstant(lab.now + 6 * DAY) },
    });
    expect(renewed.status).toBe(201);
    const successor = renewed.body.exception_id;
    await command(lab.api, successor, 'submit');
    await approveAll(lab.api, successor);
    await command(lab.api, successor, 'activate');
    await lab.moveOn(2 * DAY);
    lab.cloud.answer({
      method: 'DELETE',
      host: 'management.azure.com',
      path: lab.assignmentOf(role.subject),
      query: new URLSearchParams('api-version=2022-04-01'),
      body: undefined,
      caller: OWNER,
    });
    lab.assign(role, SCOPE, OWNER);
    await untilRead();
    expect(await lab.alertsOf(role.subject)).toEqual([]);
    expect(lab.assignments(role.subject)).toBe(1);
    expect(await lab.strikes(personId)).toBe(struck);
  });

  test('what no exception names is an alert, and stays where it is', async () => {
    const role = lab.newRole();
    lab.assign(role, SCOPE, OWNER);
    await untilRead();
    expect(await lab.alertsOf(role.subject)).toMatchObject([
      { kind: 'outside-register', exception_id: null, person_id: personId },
    ]);
    await lab.moveOn(HOUR);
    expect(lab.assignments(role.subject)).toBe(1);
    expect(await lab.strikes(personId)).toBe(struck);
  });

  test('a log of several pages is read whole', async () => {
    const roles = Array.from({ length: 120 }, () => lab.newRole());
    for (const role of roles) lab.assign(role, SCOPE, OWNER);
    await untilRead();
    const first = await lab.alertsOf(roles[0]?.subject ?? '');
    const last = await lab.alertsOf(roles.at(-1)?.subject ?? '');
    expect([first.length, last.length]).toEqual([1, 1]);
    const { rows } = await lab.api.admin.query(
      "SELECT count(DISTINCT state->>'correlation_id')::int AS count FROM lapse.alerts WHERE kind = 'outside-register'",
    );
    expect(rows[0].count).toBeGreaterThanOrEqual(roles.length);
  });
});

/** A line of the directory's audits, which a cloud without groups does not have. */
function added(group: string, member: string) {
  const modifiedProperties = [{ displayName: 'Group.ObjectID', newValue: JSON.stringify(group) }];
  return readDirectoryAudit({
    id: crypto.randomUUID(),
    activityDisplayName: 'Add member to group',
    activityDateTime: new Date(lab.now).toISOString(),
    result: 'success',
    initiatedBy: { user: { userPrincipalName: OWNER } },
    targetResources: [{ id: member, type: 'User', modifiedProperties }],
  }) as AuditEvent;
}

function keep(...events: AuditEvent[]): Promise<void> {
  const place = { tenantId: lab.api.tenantId, connection: 'azure' };
  return lab.api.lapse.db.inSystem(async (tx) => keepLines(tx, place, events, await tx.now));
}

test('the ledger of all of it verifies', async () => {
  const { lapse, tenantId } = lab.api;
  const found = await lapse.verifyLedger(tenantId, () => {}, new AbortController().signal);
  expect(found).toMatchObject({ ok: true, findings: [] });
});
