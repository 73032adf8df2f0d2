import { afterAll, beforeAll, expect, test } from 'vitest';
import { DAY, MINUTE, SECOND } from '../../src/domain/schedule/instant.ts';
import { type CloudLab, createCloudLab } from './cloud-lab.ts';

// Time outside runs fifty times as fast, for the cloud as for the lanes, so that its limits are met in
// seconds.
const began = Date.now();
const fast = () => began + (Date.now() - began) * 50;
const RECORDS = 4;
const EACH = 200;

let lab: CloudLab;
beforeAll(async () => {
  lab = await createCloudLab({ now: fast }, fast);
  await lab.connect('manage');
});
afterAll(() => lab.close());

test('hundreds of grants that end in one minute, within the limits of the cloud', async () => {
  const ids: string[] = [];
  for (let record = 0; record < RECORDS; record += 1)
    ids.push(await lab.inForce(Array.from({ length: EACH }, () => lab.newRole())));
  while (lab.assignments() < RECORDS * EACH) await lab.moveOn(SECOND);
  lab.cloud.throttles = true;
  await lab.moveOn(10 * DAY);
  const end = lab.now;
  while (lab.assignments() > 0) await lab.moveOn(SECOND);
  await lab.moveOn(SECOND);
  for (const id of ids) {
    const { body } = await lab.api.send('GET', `/v1/exceptions/${id}`, { as: 'requestor' });
    expect(body.status).toBe('Closed');
  }
  const kinds = lab.changes().map((change) => change.split(' ')[0]);
  expect(kinds.filter((kind) => kind?.endsWith('delete'))).toHaveLength(RECORDS * EACH);
  expect(kinds.filter((kind) => kind?.endsWith('write'))).toHaveLength(RECORDS * EACH);
  // That the cloud takes no more at once is no failure of which a person would have to be told.
  const { rows } = await lab.api.admin.query(
    'SELECT count(*)::int AS told FROM lapse.grants WHERE task_id IS NOT NULL',
  );
  expect(rows[0].told).toBe(0);
  expect(lab.now - end).toBeLessThan(15 * MINUTE);
}, 120_000);
