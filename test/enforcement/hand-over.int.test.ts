import { afterAll, beforeAll, expect, test } from 'vitest';
import { DAY, MINUTE, SECOND } from '../../src/domain/schedule/instant.ts';
import { approveAll, command, passed } from '../support/api-records.ts';
import { type CloudLab, createCloudLab } from './cloud-lab.ts';

let lab: CloudLab;
beforeAll(async () => {
  lab = await createCloudLab();
  await lab.connect('manage');
});
afterAll(() => lab.close());

/** The record's renewal, approved and ready to take over. */
async function renewed(id: string): Promise<string> {
  const { exception_id: renewal } = passed(await command(lab.api, id, 'renew'));
  passed(await command(lab.api, renewal, 'submit'));
  passed(await approveAll(lab.api, renewal));
  passed(await command(lab.api, renewal, 'activate'));
  return renewal;
}

const statusOf = async (id: string) => {
  const { body } = await lab.api.send('GET', `/v1/exceptions/${id}`, { as: 'requestor' });
  return body.status;
};
const kindsOf = (subject: string) =>
  lab.changes(subject).map((change) => change.split(' ')[0]?.split('/').at(-1));

test('a renewal goes on with what stands there: nothing is removed, nothing added', async () => {
  const role = lab.newRole();
  const id = await lab.inForce([role]);
  await lab.moveOn(MINUTE);
  await lab.moveOn(5 * DAY);
  const renewal = await renewed(id);
  await lab.moveOn(5 * DAY);
  await lab.moveOn(MINUTE);
  expect([await statusOf(id), await statusOf(renewal)]).toEqual(['Closed', 'Active']);
  const [[old], [heir]] = [await lab.grantsOf(id), await lab.grantsOf(renewal)];
  expect(old).toMatchObject({ status: 'removed', handed_over_to: heir.grant_id });
  expect(heir).toMatchObject({ status: 'in-place', taken_over_from: old.grant_id });
  expect(kindsOf(role.subject)).toEqual(['write']);
  await lab.moveOn(40 * DAY);
  await lab.moveOn(SECOND);
  expect(await statusOf(renewal)).toBe('Closed');
  expect(kindsOf(role.subject)).toEqual(['write', 'delete']);
  expect(lab.assignments(role.subject)).toBe(0);
});

test('without a renewal that is ready it is taken away, and the renewal puts it in place anew', async () => {
  const role = lab.newRole();
  const id = await lab.inForce([role]);
  await lab.moveOn(MINUTE);
  const { exception_id: renewal } = passed(await command(lab.api, id, 'renew'));
  passed(await command(lab.api, renewal, 'submit'));
  await lab.moveOn(10 * DAY);
  expect(await statusOf(id)).toBe('Closed');
  expect(lab.assignments(role.subject)).toBe(0);
  passed(await approveAll(lab.api, renewal));
  passed(await command(lab.api, renewal, 'activate'));
  await lab.moveOn(MINUTE);
  expect(lab.assignments(role.subject)).toBe(1);
  expect(kindsOf(role.subject)).toEqual(['write', 'delete', 'write']);
});

test('a renewal that is withdrawn takes nothing over', async () => {
  const role = lab.newRole();
  const id = await lab.inForce([role]);
  await lab.moveOn(MINUTE);
  const renewal = await renewed(id);
  passed(await command(lab.api, renewal, 'withdraw'));
  await lab.moveOn(10 * DAY);
  await lab.moveOn(SECOND);
  expect(await statusOf(id)).toBe('Closed');
  expect(lab.assignments(role.subject)).toBe(0);
  expect((await lab.grantsOf(id))[0]).toMatchObject({ handed_over_to: null, status: 'removed' });
});

test('one whose predecessor could not be looked at goes on with it all the same', async () => {
  const role = lab.newRole();
  const id = await lab.inForce([role]);
  lab.cloud.fail({ fits: () => true, times: 1e9, does: 'drop' });
  await lab.moveOn(MINUTE);
  const renewal = await renewed(id);
  await lab.moveOn(10 * DAY);
  await lab.moveOn(SECOND);
  const [[old], [heir]] = [await lab.grantsOf(id), await lab.grantsOf(renewal)];
  expect([old.status, heir.taken_over_from]).toEqual(['removed', old.grant_id]);
  lab.cloud.mend();
  await lab.moveOn(DAY);
  await lab.moveOn(MINUTE);
  expect((await lab.grantsOf(renewal))[0].status).toBe('in-place');
  expect(kindsOf(role.subject)).toEqual(['write']);
});

test('what another record in force still allows is not taken away: it answers for it from then on', async () => {
  const role = lab.newRole();
  const id = await lab.inForce([role], 5);
  await lab.moveOn(MINUTE);
  const other = await lab.inForce([role], 8);
  await lab.moveOn(MINUTE);
  await lab.moveOn(6 * DAY);
  await lab.moveOn(MINUTE);
  expect([await statusOf(id), await statusOf(other)]).toEqual(['Closed', 'Expiring']);
  expect(lab.assignments(role.subject)).toBe(1);
  const [[old], [heir]] = [await lab.grantsOf(id), await lab.grantsOf(other)];
  expect(old.handed_over_to).toBe(heir.grant_id);
  await lab.moveOn(3 * DAY);
  await lab.moveOn(MINUTE);
  expect(lab.assignments(role.subject)).toBe(0);
  expect(kindsOf(role.subject)).toEqual(['write', 'delete']);
});

test('the ledger of all of it verifies', async () => {
  const { lapse, tenantId } = lab.api;
  const found = await lapse.verifyLedger(tenantId, () => {}, new AbortController().signal);
  expect(found).toMatchObject({ ok: true, findings: [] });
});
