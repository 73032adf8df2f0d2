import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { azureError, type FakeCall } from '../../src/connectors/azure/fake/fake-call.ts';
import { DAY, HOUR, MINUTE } from '../../src/domain/schedule/instant.ts';
import { ROLE, SUBSCRIPTION } from '../enforcement/cloud-lab.ts';
import { createFindingLab, type FindingLab } from './finding-lab.ts';

let lab: FindingLab;
beforeAll(async () => {
  lab = await createFindingLab();
  await lab.connect('remove', [SUBSCRIPTION]);
});
afterAll(() => lab.close());

const role = (number: number) =>
  `${number.toString(16).padStart(8, '0')}-aaaa-4333-8444-555555555555`;
const OWN = role(999_999);
const isList = ({ method, path }: FakeCall) => method === 'GET' && /roleassignments$/i.test(path);
const broken = azureError(500, 'InternalServerError', 'oh');

describe('a list that breaks off in the middle', () => {
  test('is tried again, and shows what it has shown', async () => {
    for (let number = 0; number < 250; number++) lab.assign(role(number));
    lab.assign(OWN);
    await lab.inForce([{ ...ROLE, permission: OWN }], 20);
    // The first comparison needs nobody to ask for it.
    await lab.moveOn(2 * HOUR);
    expect(await lab.reports()).toMatchObject([{ cause: 'scheduled', findings: { new: 250 } }]);
    // The second page fails for ever.
    lab.cloud.fail({
      fits: (call) => isList(call) && call.query.has('$skiptoken'),
      times: 100,
      does: broken,
    });
    const begun = await lab.reconcile();
    expect(begun).toMatchObject({
      state: 'running',
      scopes: [{ state: 'waiting', message: expect.stringContaining('HTTP 500'), checked: 100 }],
    });
    await lab.moveOn(2 * MINUTE);
    await lab.moveOn(6 * MINUTE);
    const report = await lab.report(begun.reconciliation_id);
    expect(report).toMatchObject({
      ...{ state: 'done', complete: false, scopes: [{ state: 'incomplete' }] },
      // Nothing is called missing or solved of what was not read.
      findings: { new: 0, open: 250, solved: 0 },
    });
    expect(await lab.findings('kind=missing')).toEqual([]);
    const markdown = await lab.api.send(
      'GET',
      `/v1/reconciliations/${report.reconciliation_id}/report.md`,
      { as: 'auditor' },
    );
    expect(markdown.text).toContain('**Incomplete**');
    lab.cloud.mend();
    lab.unassign(role(0));
    expect((await lab.reconcile()).findings).toEqual({ new: 0, open: 249, solved: 1 });
  });

  test('leaves what is missing as it was, where a look cannot tell', async () => {
    lab.unassign(OWN);
    await lab.reconcile();
    expect(await lab.findings('kind=missing')).toMatchObject([{ state: 'open' }]);
    lab.cloud.fail({ fits: (call) => call.query.has('$filter'), times: 1, does: broken });
    expect(await lab.reconcile()).toMatchObject({
      complete: false,
      findings: { new: 0, open: 250, solved: 0 },
    });
    lab.assign(OWN);
    expect(await lab.reconcile()).toMatchObject({ complete: true, findings: { solved: 1 } });
  });
});

describe('a cloud that is down', () => {
  test('is tried every quarter of an hour, and compared anew once it is there again', async () => {
    lab.cloud.fail({ fits: () => true, times: 100_000, does: 'drop' });
    const begun = await lab.reconcile();
    await lab.moveOn(2 * MINUTE);
    await lab.moveOn(6 * MINUTE);
    expect(await lab.report(begun.reconciliation_id)).toMatchObject({ complete: false });
    const count = (await lab.reports()).length;
    await lab.moveOn(2 * HOUR);
    expect(await lab.reports()).toHaveLength(count);
    lab.cloud.mend();
    await lab.moveOn(16 * MINUTE);
    const [newest] = await lab.reports();
    expect(newest).toMatchObject({ cause: 'after-outage', state: 'done', complete: true });
    // Once, and not again while it works.
    await lab.moveOn(HOUR);
    expect(await lab.reports()).toHaveLength(count + 1);
  });

  test('is compared every week, by the pack in force', async () => {
    const before = (await lab.reports()).length;
    for (let day = 0; day < 8; day++) await lab.moveOn(DAY);
    const after = await lab.reports();
    expect(after).toHaveLength(before + 1);
    expect(after[0]).toMatchObject({ cause: 'scheduled', previous: after[1].reconciliation_id });
  });
});

test('what no connection reaches is reviewed by a person once a month', async () => {
  const review = async () => {
    const { body } = await lab.api.send('GET', '/v1/tasks', { as: 'administrator' });
    return body.items.filter(({ kind }: { kind: string }) => kind === 'unreached-review');
  };
  expect(await review()).toEqual([]);
  await lab.inForce([{ kind: 'vpn-account', target: 'the old gateway' }], 29);
  await lab.moveOn(DAY);
  const [task] = await review();
  expect(task.detail).toContain('1 of the kind vpn-account');
  const url = `/v1/tasks/${task.task_id}/resolve`;
  expect((await lab.api.send('POST', url, { as: 'administrator' })).status).toBe(200);
  for (let day = 0; day < 27; day++) await lab.moveOn(DAY);
  expect(await review()).toEqual([]);
  for (let day = 0; day < 8; day++) await lab.moveOn(DAY);
  expect(await review()).toHaveLength(1);
});

test('nothing was taken away but what an exception named at its end, and the ledger verifies', async () => {
  const calls = lab.cloud.log.filter(({ changes }) => changes.length > 0);
  expect(calls.filter(({ caller }) => caller !== 'somebody')).toMatchObject([{ method: 'DELETE' }]);
  const { lapse, tenantId } = lab.api;
  const found = await lapse.verifyLedger(tenantId, () => {}, new AbortController().signal);
  expect(found).toMatchObject({ ok: true, findings: [] });
});
