import { expect, test } from 'vitest';
import type { FakeCloud } from '../../src/connectors/azure/fake/fake-cloud.ts';
import { addResource } from '../../src/connectors/azure/fake/fake-scopes.ts';
import { firewallRuleGroups } from '../../src/connectors/azure/firewall-rule-groups.ts';
import type { GrantSpec } from '../../src/domain/enforcement/grant-spec.ts';
import { SCOPE, SUBSCRIPTION } from '../enforcement/cloud-lab.ts';
import { type ContractSubject, connectorContract, withBench } from './connector-contract.ts';

const POLICY = `${SCOPE}/providers/Microsoft.Network/firewallPolicies/hub`;
const RULE = {
  kind: 'firewall-rule-group',
  target: POLICY,
  subject: '10.1.0.0/24',
  parameters: { priority: '4100', protocol: 'Tcp', destination: '203.0.113.7', ports: '443' },
} as const;
const OTHER = { ...RULE, parameters: { ...RULE.parameters, ports: '8443' } };

const subject: ContractSubject = {
  make: firewallRuleGroups,
  prepare(cloud) {
    cloud.addSubscription(SUBSCRIPTION);
    addResource(cloud.store, POLICY);
  },
  spec: RULE,
  other: OTHER,
  scope: `/subscriptions/${SUBSCRIPTION}`,
  loseTarget: (cloud) => cloud.store.put(`resource:${POLICY.toLowerCase()}`, undefined, 0),
  marks: true,
};

connectorContract('rule collection groups of firewall policies', subject);

const rule = (port: string) => ({
  ruleType: 'NetworkRule',
  name: `port-${port}`,
  ipProtocols: ['TCP'],
  sourceAddresses: ['10.1.0.0/24'],
  destinationAddresses: ['203.0.113.7'],
  destinationPorts: [port],
});

const putByHand = (cloud: FakeCloud, name: string, ports: readonly string[]) =>
  cloud.answer({
    method: 'PUT',
    host: 'management.azure.com',
    path: `${POLICY}/ruleCollectionGroups/${name}`,
    query: new URLSearchParams('api-version=2025-05-01'),
    body: {
      properties: {
        priority: 900,
        ruleCollections: [{ action: { type: 'Allow' }, rules: ports.map(rule) }],
      },
    },
    caller: 'somebody',
  });

const groups = (cloud: FakeCloud) =>
  cloud.store.list('rule-group:', cloud.now).map(([key]) => key.split('/').at(-1) ?? '');

test('gives each grant a group of its own, which it puts and deletes whole', () =>
  withBench(subject, async ({ cloud, settle, order, pass }) => {
    putByHand(cloud, 'baseline', ['53']);
    pass(40_000);
    await settle('apply', order(RULE));
    await settle('apply', order(OTHER));
    expect(groups(cloud)).toHaveLength(3);
    await settle('remove', order(RULE));
    await settle('remove', order(OTHER));
    expect(groups(cloud)).toEqual(['baseline']);
  }));

test('has the lane of a busy policy wait, without counting it as a failure', () =>
  withBench(subject, async ({ connector, order, signal }) => {
    expect(await connector.apply(order(RULE), signal)).toMatchObject({ kind: 'pending' });
    expect(await connector.apply(order(OTHER), signal)).toMatchObject({
      kind: 'throttled',
      retryAfter: 30_000,
    });
    expect(connector.pace.atOnce).toBe(1);
  }));

test('puts its group back to what the grant says where somebody has changed it', () =>
  withBench(subject, async ({ cloud, settle, order, list }) => {
    await settle('apply', order(RULE));
    const [own = ''] = groups(cloud);
    putByHand(cloud, own, ['443', '22']);
    await settle('apply', order(RULE));
    await settle('apply', order(RULE));
    expect((await list(POLICY)).map(({ spec }) => spec.parameters?.ports)).toEqual(['443', '22']);
  }));

test('takes away a group of others that holds the same rule alone', () =>
  withBench(subject, async ({ cloud, settle, order, observe, pass }) => {
    putByHand(cloud, 'by-hand', ['443']);
    pass(40_000);
    expect(await observe(order(RULE))).toMatchObject({ kind: 'present', placed: { ours: false } });
    await settle('remove', order(RULE));
    expect(groups(cloud)).toEqual([]);
  }));

test('leaves a group that holds more to a person, and never tells the rule as gone', () =>
  withBench(subject, async ({ cloud, connector, order, signal, observe, pass }) => {
    putByHand(cloud, 'by-hand', ['443', '53']);
    pass(40_000);
    expect(await connector.remove(order(RULE), signal)).toEqual({
      kind: 'refused',
      message: expect.stringContaining('/ruleCollectionGroups/by-hand holds other rules as well'),
    });
    expect(await observe(order(RULE))).toMatchObject({ kind: 'present' });
    expect(groups(cloud)).toEqual(['by-hand']);
  }));

const withParameters = (more: Record<string, string | undefined>) =>
  ({ ...RULE, parameters: { ...RULE.parameters, ...more } }) as GrantSpec;

test.each<[GrantSpec, string]>([
  [{ ...RULE, target: SCOPE }, 'a firewall policy would pass'],
  [{ ...RULE, subject: '10.1.0.9/24' }, 'is written 10.1.0.0/24'],
  [{ ...RULE, subject: '*' }, 'is every address'],
  [withParameters({ destination: '0.0.0.0/0' }), 'is every address'],
  [withParameters({ priority: '65001' }), 'a number from 100 to 65000 would pass'],
  [withParameters({ protocol: 'https' }), 'Tcp, Udp, Icmp, * would pass'],
  [withParameters({ ports: undefined }), 'parameters.ports is missing'],
])('refuses %j and sends nothing', (spec, message) =>
  withBench(subject, async ({ cloud, connector, order, signal }) => {
    const refused = { kind: 'refused', message: expect.stringContaining(message) };
    expect(await connector.apply(order(spec), signal)).toEqual(refused);
    expect(cloud.log).toEqual([]);
  }),
);
