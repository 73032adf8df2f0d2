import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { azureError } from '../../src/connectors/azure/fake/fake-call.ts';
import { DAY, formatInstant, HOUR, MINUTE } from '../../src/domain/schedule/instant.ts';
import { ROLE, SUBSCRIPTION } from '../enforcement/cloud-lab.ts';
import { passed } from '../support/api-records.ts';
import { createFindingLab, type FindingLab, GROUP, REASON } from './finding-lab.ts';

let lab: FindingLab;
beforeAll(async () => {
  lab = await createFindingLab();
  await lab.connect('remove', [SUBSCRIPTION]);
});
afterAll(() => lab.close());

const WRITER = '11111111-aaaa-4333-8444-555555555555';
const OWNER = '22222222-aaaa-4333-8444-555555555555';

describe('what is there without an exception', () => {
  test('is found once, and solved when it is gone', async () => {
    lab.assign(WRITER);
    const report = await lab.reconcile();
    expect(report).toMatchObject({
      ...{ state: 'done', complete: true, cause: 'asked', checked: 1, previous: null },
      findings: { new: 1, open: 0, solved: 0 },
      scopes: [{ connection: 'azure', scope: `/subscriptions/${SUBSCRIPTION}`, state: 'read' }],
    });
    const [finding] = await lab.findings('kind=unregistered');
    expect(finding).toMatchObject({
      ...{ state: 'open', owner: 'platform', created_by: 'somebody', exception_id: null },
      grant: { kind: 'role-assignment', target: GROUP, permission: WRITER },
    });
    expect(Date.parse(finding.due_at) - Date.parse(finding.opened_at)).toBe(7 * DAY);
    const second = await lab.reconcile();
    expect(second).toMatchObject({
      previous: report.reconciliation_id,
      findings: { new: 0, open: 1, solved: 0 },
    });
    lab.unassign(WRITER);
    expect((await lab.reconcile()).findings).toEqual({ new: 0, open: 0, solved: 1 });
    expect(await lab.findings('state=open')).toEqual([]);
    expect(await lab.finding(finding.finding_id)).toMatchObject({
      state: 'solved',
      solved: { how: 'compared' },
    });
  });

  test('is adopted into a draft with the end that the policy proposes, however often it is asked', async () => {
    lab.assign(WRITER);
    await lab.reconcile();
    const [{ finding_id }] = await lab.findings('state=open');
    const adopted = await lab.answer(finding_id, 'adopt');
    const again = await lab.answer(finding_id, 'adopt');
    expect(again.body).toEqual(adopted.body);
    const id = adopted.body.answer.exception_id;
    const draft = await lab.api.send('GET', `/v1/exceptions/${id}`, { as: 'requestor' });
    expect(draft.body).toMatchObject({
      status: 'Draft',
      requested_duration: 'P90D',
      grants: [{ target: GROUP, permission: WRITER }],
      external_ids: [finding_id],
    });
    // Gone and there again it is another finding, of the same access: no second draft.
    lab.unassign(WRITER);
    await lab.reconcile();
    expect(await lab.finding(finding_id)).toMatchObject({ state: 'solved' });
    lab.assign(WRITER);
    await lab.reconcile();
    const [other] = await lab.findings('state=open');
    expect((await lab.answer(other.finding_id, 'adopt')).body.answer.exception_id).toBe(id);
    // A draft that comes to nothing leaves the question open.
    passed(
      await lab.api.send('POST', `/v1/exceptions/${id}/withdraw`, {
        as: 'administrator',
        body: { reason: REASON },
      }),
    );
    await lab.reconcile();
    expect(await lab.finding(other.finding_id)).toMatchObject({ state: 'open', answer: null });
  });

  test('is removed where a person says so, read back, and its calls stand in the ledger', async () => {
    const [{ finding_id }] = await lab.findings('state=open');
    const short = await lab.answer(finding_id, 'remove', { reason: 'ok' });
    expect(short).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    const ordered = await lab.answer(finding_id, 'remove', { reason: REASON });
    expect(ordered.body).toMatchObject({ state: 'answered', removal: { by: 'finding' } });
    await lab.moveOn(MINUTE);
    expect(lab.assignments()).toBe(0);
    expect(await lab.finding(finding_id)).toMatchObject({
      state: 'solved',
      solved: { how: 'seen-gone' },
    });
    const { rows } = await lab.api.admin.query(
      "SELECT convert_from(envelope, 'UTF8')::json ->> 'type' AS type FROM lapse.events WHERE stream_id = $1 ORDER BY version",
      [finding_id],
    );
    expect(rows.map(({ type }) => type).slice(-4)).toEqual([
      'FindingRemovalOrdered',
      'FindingRemovalBegun',
      'FindingRemovalTaken',
      'FindingSolved',
    ]);
    const over = await lab.answer(finding_id, 'remove', { reason: REASON });
    expect(over.body.code).toBe('wrong-state');
  });

  test('whose removal the cloud refuses comes to a person, and is looked at until it is gone', async () => {
    lab.assign(WRITER);
    await lab.reconcile();
    const [{ finding_id }] = await lab.findings('state=open');
    lab.cloud.fail({
      fits: ({ method }) => method === 'DELETE',
      times: 100,
      does: azureError(403, 'AuthorizationFailed', 'no role'),
    });
    await lab.answer(finding_id, 'remove', { reason: REASON });
    await lab.moveOn(MINUTE);
    const { removal } = await lab.finding(finding_id);
    expect(removal).toMatchObject({ by: 'person', failed_calls: 1 });
    expect(await lab.tasksOf(finding_id)).toMatchObject([{ kind: 'finding-unanswered' }]);
    lab.cloud.mend();
    lab.unassign(WRITER);
    await lab.moveOn(2 * HOUR);
    expect(await lab.finding(finding_id)).toMatchObject({ solved: { how: 'seen-gone' } });
    expect(await lab.tasksOf(finding_id)).toEqual([]);
  });

  test('is accepted until an instant and never for ever; after it somebody has to answer again', async () => {
    lab.assign(WRITER);
    await lab.reconcile();
    const [{ finding_id }] = await lab.findings('state=open');
    const accept = (days: number) =>
      lab.answer(finding_id, 'accept', {
        reason: REASON,
        until: formatInstant(lab.now + days * DAY),
      });
    expect((await accept(91)).body.code).toBe('end-refused');
    expect((await accept(-1)).body.code).toBe('end-refused');
    expect((await accept(10)).body).toMatchObject({
      state: 'answered',
      answer: { reason: REASON },
    });
    await lab.moveOn(9 * DAY);
    expect(await lab.finding(finding_id)).toMatchObject({ state: 'answered' });
    await lab.moveOn(2 * DAY);
    expect(await lab.finding(finding_id)).toMatchObject({ state: 'open', answer: null });
    // Nobody answers, and the time limit passes: a person is told, and nothing is taken away.
    await lab.moveOn(8 * DAY);
    expect(await lab.finding(finding_id)).toMatchObject({ limit_passed: { led_to: 'task' } });
    expect(await lab.tasksOf(finding_id)).toHaveLength(1);
    expect(lab.assignments()).toBe(1);
    await accept(10);
    expect(await lab.tasksOf(finding_id)).toEqual([]);
    lab.unassign(WRITER);
    await lab.reconcile();
    expect(await lab.findings('state=answered')).toEqual([]);
  });
});

describe('what an exception allows', () => {
  test('is no finding while it is in force, and missing once it is not there any more', async () => {
    lab.assign(ROLE.permission);
    const id = await lab.inForce([ROLE], 10);
    await lab.moveOn(2 * HOUR);
    expect((await lab.reconcile()).findings).toEqual({ new: 0, open: 0, solved: 0 });
    lab.unassign(ROLE.permission);
    await lab.reconcile();
    const [missing] = await lab.findings('state=open');
    expect(missing).toMatchObject({ kind: 'missing', exception_id: id });
    expect(missing.owner).toBe('osei@example.com');
    const removed = await lab.answer(missing.finding_id, 'remove', { reason: REASON });
    expect(removed.body).toMatchObject({
      code: 'wrong-state',
      detail: expect.stringMatching(/put it back/),
    });
    lab.assign(ROLE.permission);
    expect((await lab.reconcile()).findings).toMatchObject({ solved: 1 });
  });

  test('with a wider scope is changed, and belongs to its exception', async () => {
    const wide = `/subscriptions/${SUBSCRIPTION}`;
    lab.assign(ROLE.permission, wide);
    await lab.reconcile();
    const [changed] = await lab.findings('state=open');
    expect(changed).toMatchObject({ kind: 'changed', grant: { target: wide } });
    expect(changed.details[0]).toMatch(/wider than the approved/);
    expect(changed.exception_id).toMatch(/^EXC_/);
    lab.unassign(ROLE.permission, wide);
    await lab.reconcile();
    expect(await lab.findings('state=open')).toEqual([]);
  });

  test('that is there again after its end is taken away by its own grant, where the mode lets it', async () => {
    await lab.moveOn(11 * DAY);
    expect(lab.assignments()).toBe(0);
    // Nothing of it stands in the cloud's own log yet, which would tell sooner.
    lab.cloud.auditDelay = DAY;
    lab.assign(ROLE.permission);
    await lab.moveOn(HOUR);
    const report = await lab.reconcile();
    expect(report.kinds).toMatchObject([{ kind: 'overdue', new: 1 }]);
    await lab.moveOn(2 * MINUTE);
    expect(lab.assignments()).toBe(0);
    const [overdue] = await lab.findings('kind=overdue');
    expect(overdue).toMatchObject({
      limit_passed: { led_to: 'removal' },
      removal: { by: 'grant' },
      solved: { how: 'seen-gone' },
    });
    const refused = await lab.answer(overdue.finding_id, 'accept', {
      reason: REASON,
      until: formatInstant(lab.now + DAY),
    });
    expect(refused.body.code).toBe('wrong-state');
  });

  test('that is there again is for people where Lapse may only observe', async () => {
    await lab.connect('observe', [SUBSCRIPTION]);
    lab.assign(ROLE.permission);
    await lab.moveOn(HOUR);
    await lab.reconcile();
    await lab.moveOn(DAY);
    expect(lab.assignments()).toBe(1);
    const [overdue] = await lab.findings('state=open');
    expect(overdue).toMatchObject({ kind: 'overdue', limit_passed: { led_to: 'task' } });
    expect(await lab.tasksOf(overdue.finding_id)).toHaveLength(1);
    await lab.connect('remove', [SUBSCRIPTION]);
    const ordered = await lab.answer(overdue.finding_id, 'remove', { reason: REASON });
    expect(ordered.body.removal).toMatchObject({ by: 'grant' });
    await lab.moveOn(2 * MINUTE);
    expect(lab.assignments()).toBe(0);
    expect(await lab.finding(overdue.finding_id)).toMatchObject({ state: 'solved' });
  });

  test('and that nobody ever puts in place is out of use after two weeks', async () => {
    const id = await lab.inForce([{ ...ROLE, permission: OWNER }], 20);
    await lab.moveOn(13 * DAY);
    await lab.reconcile();
    expect(await lab.findings(`exception_id=${id}`)).toEqual([]);
    await lab.moveOn(2 * DAY);
    await lab.reconcile();
    expect(await lab.findings(`exception_id=${id}`)).toMatchObject([{ kind: 'out-of-use' }]);
  });

  test('and whose only owner has left has nobody who answers for it', async () => {
    const person = await lab.api.send('POST', '/v1/people', {
      as: 'administrator',
      body: { name: 'Leaver', email: 'leaver@lapse.test' },
    });
    const owners = [{ name: 'Leaver', email: 'leaver@lapse.test' }];
    const id = await lab.inForce([{ ...ROLE, permission: WRITER }], 10, { owners });
    await lab.moveOn(1_000);
    await lab.api.send('POST', `/v1/people/${person.body.person_id}/deactivate`, {
      as: 'administrator',
      body: { reason: 'has left the company' },
    });
    await lab.reconcile();
    expect(await lab.findings(`exception_id=${id}`)).toMatchObject([
      { kind: 'owner-unknown', owner: 'platform' },
    ]);
  });
});

test('the ledger of all of it verifies', async () => {
  const { lapse, tenantId } = lab.api;
  const found = await lapse.verifyLedger(tenantId, () => {}, new AbortController().signal);
  expect(found).toMatchObject({ ok: true, findings: [] });
});
