import { afterAll, beforeAll, expect, test } from 'vitest';
import { DAY, MINUTE } from '../../src/domain/schedule/instant.ts';
import { BASELINE, EXEMPTION, preparePolicies, STANDARD } from '../connectors/policy-cloud.ts';
import { START } from '../support/given.ts';
import { type CloudLab, createCloudLab, ROLE, SCOPE } from './cloud-lab.ts';

const SERVER = `${SCOPE}/providers/Microsoft.Sql/servers/orders`;

let lab: CloudLab;
let now = START;
beforeAll(async () => {
  lab = await createCloudLab({ now: () => now });
  preparePolicies(lab.cloud);
  const properties = { publicNetworkAccess: 'Disabled' };
  lab.cloud.store.put(`resource:${SERVER.toLowerCase()}`, { id: SERVER, tags: {}, properties }, 0);
  await lab.connect('manage');
});
afterAll(() => lab.close());

/** Moves both clocks on. */
const moveOn = async (milliseconds: number) => {
  now += milliseconds;
  await lab.moveOn(milliseconds);
};
const statuses = async (id: string) =>
  (await lab.grantsOf(id)).map(({ status }: { status: string }) => status);
const isOpen = () => {
  const server = lab.cloud.store.get(`resource:${SERVER.toLowerCase()}`);
  return (server as { properties: { publicNetworkAccess: string } }).properties.publicNetworkAccess;
};

test('exemptions, a role of PIM and an opened server come with their record and go at its end', async () => {
  const id = await lab.inForce([
    EXEMPTION,
    {
      kind: 'defender-exemption',
      target: SERVER,
      permission: STANDARD,
      parameters: { category: 'Mitigated', policy_definition_reference_ids: 'mfa' },
    },
    { kind: 'public-network-access', target: SERVER, parameters: { policy_assignment: BASELINE } },
    { ...ROLE, parameters: { mode: 'pim' } },
  ]);
  for (const _ of [1, 2, 3]) await moveOn(MINUTE);
  expect(await statuses(id)).toEqual(['in-place', 'in-place', 'in-place', 'in-place']);
  const ends = new Date(START + 10 * DAY).toISOString();
  const grants = await lab.grantsOf(id);
  for (const grant of grants) expect(grant.placed).toMatchObject({ ours: true, ends_at: ends });
  expect(lab.cloud.store.list('exemption:')).toHaveLength(3);
  expect(lab.assignments()).toBe(1);
  expect(isOpen()).toBe('Enabled');

  await moveOn(10 * DAY);
  for (const _ of [1, 2, 3]) await moveOn(MINUTE);
  expect(await statuses(id)).toEqual(['removed', 'removed', 'removed', 'removed']);
  expect(lab.cloud.store.list('exemption:')).toEqual([]);
  expect(lab.assignments()).toBe(0);
  expect(isOpen()).toBe('Disabled');
  const { body } = await lab.api.send('GET', `/v1/exceptions/${id}`, { as: 'requestor' });
  expect(body).toMatchObject({ status: 'Closed', closed: { reason: 'expired' } });
  // Each way once, and no call that changes nothing.
  expect(
    lab.changes().map((change) => change.split(' ')[0]?.split('/').slice(1).join('/')),
  ).toEqual(
    expect.arrayContaining(['policyExemptions/write', 'servers/write', 'policyExemptions/delete']),
  );
  expect(lab.changes()).toHaveLength(9);
});

test('a renewal moves the ends in the cloud before they come, and takes over', async () => {
  const id = await lab.inForce([EXEMPTION, { ...ROLE, parameters: { mode: 'pim' } }]);
  for (const _ of [1, 2, 3]) await moveOn(MINUTE);
  const before = lab.changes().length;
  await moveOn(5 * DAY);
  const renewal = await lab.renew(id);
  for (const _ of [1, 2, 3]) await moveOn(MINUTE);
  const { body } = await lab.api.send('GET', `/v1/exceptions/${renewal}`, { as: 'requestor' });
  // Whole seconds, and never later than the record.
  for (const grant of await lab.grantsOf(id))
    expect(grant.placed.ends_at).toBe(body.expires_at.replace(/\.\d{3}Z$/, '.000Z'));
  await moveOn(5 * DAY);
  await moveOn(MINUTE);
  expect(await statuses(id)).toEqual(['removed', 'removed']);
  expect(await statuses(renewal)).toEqual(['in-place', 'in-place']);
  expect(
    lab
      .changes()
      .slice(before)
      .map((change) => change.split(' ')[0]),
  ).toEqual([
    'Microsoft.Authorization/policyExemptions/write',
    'Microsoft.Authorization/roleAssignmentScheduleRequests/write',
  ]);
  expect(lab.assignments()).toBe(1);
});

test('what the cloud refuses is said on the grant', async () => {
  const id = await lab.inForce([{ ...EXEMPTION, parameters: { category: 'Always' } }]);
  await moveOn(MINUTE);
  const [grant] = await lab.grantsOf(id);
  expect(grant).toMatchObject({ status: 'failed' });
  expect(JSON.stringify(grant)).toContain('Waiver or Mitigated');
});
