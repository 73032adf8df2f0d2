import { expect, test } from 'vitest';
import type { FakeCloud } from '../../src/connectors/azure/fake/fake-cloud.ts';
import { addResource } from '../../src/connectors/azure/fake/fake-scopes.ts';
import { sqlFirewallRules } from '../../src/connectors/azure/sql-firewall-rules.ts';
import type { GrantSpec } from '../../src/domain/enforcement/grant-spec.ts';
import { SCOPE, SUBSCRIPTION } from '../enforcement/cloud-lab.ts';
import { type ContractSubject, connectorContract, withBench } from './connector-contract.ts';

const SERVER = `${SCOPE}/providers/Microsoft.Sql/servers/orders`;
const RULE = { kind: 'sql-firewall-rule', target: SERVER, subject: '203.0.113.0/28' } as const;
const OTHER = { ...RULE, subject: '198.51.100.4-198.51.100.9' };

const subject: ContractSubject = {
  make: sqlFirewallRules,
  prepare(cloud) {
    cloud.addSubscription(SUBSCRIPTION);
    addResource(cloud.store, SERVER);
  },
  spec: RULE,
  other: OTHER,
  scope: `/subscriptions/${SUBSCRIPTION}`,
  loseTarget: (cloud) => cloud.store.put(`resource:${SERVER.toLowerCase()}`, undefined, 0),
  marks: false,
};

connectorContract('firewall rules of SQL servers', subject);

const putByHand = (cloud: FakeCloud, path: string, startIpAddress: string, endIpAddress: string) =>
  cloud.answer({
    method: 'PUT',
    host: 'management.azure.com',
    path: `${SERVER}/${path}`,
    query: new URLSearchParams('api-version=2021-11-01'),
    body: { properties: { startIpAddress, endIpAddress } },
    caller: 'somebody',
  });

test('a PUT of the collection takes all rules away in the fake, as it does in the cloud', () =>
  withBench(subject, async ({ cloud, order, settle, observe }) => {
    await settle('apply', order(RULE));
    putByHand(cloud, 'firewallRules', '203.0.113.0', '203.0.113.15');
    expect(await observe(order(RULE))).toEqual({ kind: 'absent' });
  }));

test('never writes to the collection, and leaves rules of others that let in something else', () =>
  withBench(subject, async ({ cloud, order, settle, list }) => {
    putByHand(cloud, 'firewallRules/office', '203.0.113.0', '203.0.113.16');
    await settle('apply', order(RULE));
    await settle('remove', order(RULE));
    const writes = cloud.log.filter(({ method }) => method !== 'GET');
    for (const { path } of writes) expect(path).toMatch(/\/firewallRules\/[^/]+$/);
    expect((await list(SERVER)).map(({ spec }) => spec.subject)).toEqual([
      '203.0.113.0-203.0.113.16',
    ]);
  }));

test('takes away a rule of another name that lets in the same', () =>
  withBench(subject, async ({ cloud, order, settle, observe }) => {
    putByHand(cloud, 'firewallRules/again', '203.0.113.0', '203.0.113.15');
    expect(await observe(order(RULE))).toMatchObject({ kind: 'present', placed: { ours: false } });
    await settle('remove', order(RULE));
    expect(await observe(order(RULE))).toEqual({ kind: 'absent' });
  }));

test('says what is to be done where the public network access of the server is off', () =>
  withBench(subject, async ({ cloud, connector, order, signal, settle }) => {
    await settle('apply', order(RULE));
    addResource(cloud.store, SERVER, { properties: { publicNetworkAccess: 'Disabled' } });
    const refused = {
      kind: 'refused',
      message: expect.stringMatching(/DenyPublicEndpointEnabled.*kind public-network-access/s),
    };
    expect(await connector.apply(order(OTHER), signal)).toEqual(refused);
    expect(await connector.remove(order(RULE), signal)).toEqual(refused);
  }));

test.each<[GrantSpec, string]>([
  [{ ...RULE, target: SCOPE }, 'a server would pass'],
  [{ kind: RULE.kind, target: SERVER }, 'needs a subject: 203.0.113.7'],
  [{ ...RULE, subject: 'office' }, 'is no address'],
  [{ ...RULE, subject: '2001:db8::7' }, 'is IPv6'],
  [{ ...RULE, subject: '203.0.113.9-203.0.113.7' }, '203.0.113.7-203.0.113.9 would pass'],
  [{ ...RULE, subject: '203.0.113.0-203.0.113.15' }, 'is written 203.0.113.0/28'],
  [{ ...RULE, subject: '0.0.0.0/0' }, 'is every address'],
  [{ ...RULE, subject: '0.0.0.0' }, 'is every address'],
])('refuses %j and sends nothing', (spec, message) =>
  withBench(subject, async ({ cloud, connector, order, signal }) => {
    const refused = { kind: 'refused', message: expect.stringContaining(message) };
    expect(await connector.apply(order(spec), signal)).toEqual(refused);
    expect(cloud.log).toEqual([]);
  }),
);

test('lets every address in where the scope of the record says so', () =>
  withBench(subject, async ({ connector, order, signal, list }) => {
    const spec = { ...RULE, subject: '0.0.0.0/0' };
    const asked = order(spec, { everyAddress: true });
    expect(await connector.apply(asked, signal)).toMatchObject({ kind: 'done' });
    expect((await list(SERVER)).map((grant) => grant.spec.subject)).toEqual(['0.0.0.0/0']);
  }));
