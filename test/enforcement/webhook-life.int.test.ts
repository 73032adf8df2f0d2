import { afterAll, beforeAll, expect, test } from 'vitest';
import { DAY, MINUTE } from '../../src/domain/schedule/instant.ts';
import { ACCOUNT, isSigned, receiving, SECRET } from '../connectors/webhook-receiver.ts';
import { type CloudLab, createCloudLab } from './cloud-lab.ts';

let lab: CloudLab;
beforeAll(async () => {
  lab = await createCloudLab();
});
afterAll(() => lab.close());

test('a grant of a kind of ones own is put in place, seen, and taken away at its end by signed orders', async () => {
  const there = new Set<string>();
  const { url, orders } = await receiving(({ body: { operation, grant } }, response) => {
    // The register is compared with what there is, as soon as there is a connection.
    if (operation === 'list') {
      response.end(JSON.stringify({ items: [] }));
      return;
    }
    if (operation === 'apply') there.add(grant.subject);
    if (operation === 'remove') there.delete(grant.subject);
    const placed = { id: `accounts/${grant.subject}` };
    const seen = there.has(grant.subject) ? { seen: 'present', placed } : { seen: 'absent' };
    response.end(JSON.stringify(operation === 'observe' ? seen : { outcome: 'done', placed }));
  });
  lab.api.listInside(url);
  const body = { connector: 'webhook', kinds: [ACCOUNT.kind], url, secret: SECRET, mode: 'manage' };
  const put = await lab.api.send('PUT', '/v1/connections/vpn', { as: 'administrator', body });
  expect(put.status).toBe(200);
  expect(put.text).not.toContain('whsec_');
  const id = await lab.inForce([ACCOUNT]);
  await lab.moveOn(MINUTE);
  expect([...there]).toEqual([ACCOUNT.subject]);
  expect(await lab.grantsOf(id)).toMatchObject([
    { status: 'in-place', placed: { id: `accounts/${ACCOUNT.subject}` } },
  ]);
  await lab.moveOn(10 * DAY);
  expect([...there]).toEqual([]);
  expect(await lab.grantsOf(id)).toMatchObject([{ status: 'removed', said_by: 'cloud' }]);
  const closed = await lab.api.send('GET', `/v1/exceptions/${id}`, { as: 'requestor' });
  expect(closed.body).toMatchObject({ status: 'Closed', closed: { reason: 'expired' } });
  expect(orders.every(isSigned)).toBe(true);
  expect(
    orders
      .map((order) => order.body.operation)
      .filter((name) => name === 'apply' || name === 'remove'),
  ).toEqual(['apply', 'remove']);
});
