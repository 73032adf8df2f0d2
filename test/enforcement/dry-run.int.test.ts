import { afterAll, beforeAll, expect, test } from 'vitest';
import { DAY, formatInstant, MINUTE } from '../../src/domain/schedule/instant.ts';
import { type CloudLab, createCloudLab, SCOPE } from './cloud-lab.ts';

let lab: CloudLab;

beforeAll(async () => {
  lab = await createCloudLab();
});
afterAll(() => lab.close());

/** What is foreseen of a record's only grant, as `<what> <when>`; no call is made by asking. */
async function foreseen(id: string) {
  const calls = lab.cloud.log.length;
  const [grant] = await lab.grantsOf(id);
  expect(lab.cloud.log.length).toBe(calls);
  const text = (step: { does: string; at: string } | null) => step && `${step.does} ${step.at}`;
  return [text(grant.next), text(grant.afterwards)];
}

test('without a connection a person is asked at the end', async () => {
  const id = await lab.inForce([lab.newRole()]);
  await lab.moveOn(MINUTE);
  expect(await foreseen(id)).toEqual([
    `ask-a-person ${formatInstant(lab.now - MINUTE + 10 * DAY)}`,
    null,
  ]);
});

test('each step is foreseen before it is taken, by the connection as it is now', async () => {
  const end = lab.now + 10 * DAY;
  const role = lab.newRole();
  const id = await lab.inForce([role]);
  await lab.connect('observe');
  await lab.moveOn(MINUTE);
  expect((await foreseen(id))[1]).toBe(`ask-a-person ${formatInstant(end)}`);

  // Nothing has looked at the grant since: what is foreseen follows the connection all the same.
  await lab.connect('manage');
  expect(await foreseen(id)).toEqual([
    expect.stringMatching(/^put-in-place /),
    `take-away ${formatInstant(end)}`,
  ]);
  await lab.moveOn(2 * 60 * MINUTE);
  expect(lab.assignments(role.subject)).toBe(1);
  expect(await foreseen(id)).toEqual([`take-away ${formatInstant(end)}`, null]);

  lab.cloud.fail({ fits: ({ method }) => method === 'DELETE', times: 2, does: 'drop' });
  await lab.moveOn(end - lab.now);
  const [overdue] = await lab.grantsOf(id);
  expect(overdue).toMatchObject({
    overdue_since: formatInstant(end),
    next: { does: 'take-away', why: expect.stringContaining('failed') },
  });
  await lab.moveOn(MINUTE);
  expect(lab.assignments(role.subject)).toBe(0);
  expect(await foreseen(id)).toEqual([null, null]);
  expect((await lab.grantsOf(id))[0].overdue_since).toBeNull();
});

test('a call that failed is foreseen again, with its reason', async () => {
  await lab.connect('manage');
  const role = { ...lab.newRole(), target: `${SCOPE}-two` };
  lab.cloud.fail({ fits: ({ method }) => method === 'PUT', times: 1, does: 'drop' });
  const id = await lab.inForce([role]);
  await lab.moveOn(MINUTE);
  const [grant] = await lab.grantsOf(id);
  expect(grant.next.does).toBe('put-in-place');
  expect(grant.next.why).toMatch(/failed/);
});
