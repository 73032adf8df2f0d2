import { describe, expect, test } from 'vitest';
import { azureError } from '../../src/connectors/azure/fake/fake-call.ts';
import type { FakeCloud } from '../../src/connectors/azure/fake/fake-cloud.ts';
import { addResource } from '../../src/connectors/azure/fake/fake-scopes.ts';
import { nsgRules } from '../../src/connectors/azure/nsg-rules.ts';
import type { GrantSpec } from '../../src/domain/enforcement/grant-spec.ts';
import { SCOPE, SUBSCRIPTION } from '../enforcement/cloud-lab.ts';
import { type ContractSubject, connectorContract, withBench } from './connector-contract.ts';

const GROUP = `${SCOPE}/providers/Microsoft.Network/networkSecurityGroups/web`;
const RULE = {
  kind: 'nsg-rule',
  target: GROUP,
  subject: '203.0.113.7,198.51.100.0/24',
  parameters: {
    priority: '310',
    direction: 'Inbound',
    access: 'Allow',
    protocol: 'Tcp',
    destination: '10.1.0.0/24',
    ports: '443,8000-8100',
  },
} as const;
const OTHER = { ...RULE, parameters: { ...RULE.parameters, priority: '311', ports: '22' } };

const subject: ContractSubject = {
  make: nsgRules,
  prepare(cloud) {
    cloud.addSubscription(SUBSCRIPTION);
    addResource(cloud.store, GROUP);
  },
  spec: RULE,
  other: OTHER,
  scope: `/subscriptions/${SUBSCRIPTION}`,
  loseTarget: (cloud) => cloud.store.put(`resource:${GROUP.toLowerCase()}`, undefined, 0),
  marks: true,
};

connectorContract('rules of network security groups', subject);

const putByHand = (cloud: FakeCloud, name: string, more: object = {}) =>
  cloud.answer({
    method: 'PUT',
    host: 'management.azure.com',
    path: `${GROUP}/securityRules/${name}`,
    query: new URLSearchParams('api-version=2025-05-01'),
    body: {
      properties: {
        access: 'Allow',
        direction: 'Inbound',
        protocol: 'TCP',
        priority: 400,
        sourcePortRange: '*',
        sourceAddressPrefixes: ['198.51.100.0/24', '203.0.113.7/32'],
        destinationAddressPrefix: '10.1.0.0/24',
        destinationPortRanges: ['8000-8100', '443'],
        ...more,
      },
    },
    caller: 'somebody',
  });

describe('an operation that goes on', () => {
  test('is pending, is not told as done, and is looked at until it is over', () =>
    withBench(subject, async ({ cloud, connector, order, signal, observe, pass }) => {
      const applied = await connector.apply(order(RULE), signal);
      expect(applied).toMatchObject({
        kind: 'pending',
        retryAfter: 10_000,
        placed: { ours: true, operation: expect.stringContaining('/operations/') },
      });
      const placed = 'placed' in applied ? applied.placed : undefined;
      expect(await observe({ ...order(RULE), placed })).toMatchObject({ kind: 'undecided' });
      pass(40_000);
      expect(await observe({ ...order(RULE), placed })).toMatchObject({ kind: 'present' });
      const removed = await connector.remove({ ...order(RULE), placed }, signal);
      expect(removed).toMatchObject({ kind: 'pending' });
      const going = 'placed' in removed ? removed.placed : undefined;
      expect(await observe({ ...order(RULE), placed: going })).toMatchObject({ kind: 'undecided' });
      // Whoever does not know of the operation sees the rule, and nobody takes it for gone.
      expect(await observe(order(RULE))).toMatchObject({ kind: 'present' });
      pass(40_000);
      expect(await observe({ ...order(RULE), placed: going })).toEqual({ kind: 'absent' });
      expect(cloud.log.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
    }));

  test('does not hide what stands there when it has failed or is forgotten', () =>
    withBench(subject, async ({ cloud, connector, order, signal, observe, pass }) => {
      const applied = await connector.apply(order(RULE), signal);
      const placed = 'placed' in applied ? applied.placed : undefined;
      pass(40_000);
      for (const does of [
        { status: 200, body: { status: 'Failed', error: { code: 'X', message: 'no' } } },
        azureError(404, 'NotFound', 'unknown'),
      ]) {
        cloud.fail({ fits: ({ path }) => path.includes('/operations/'), times: 1, does });
        expect(await observe({ ...order(RULE), placed })).toMatchObject({ kind: 'present' });
      }
    }));

  test('has others wait: one change of a group at a time', () =>
    withBench(subject, async ({ connector, order, signal, pass }) => {
      await connector.apply(order(RULE), signal);
      expect(await connector.apply(order(OTHER), signal)).toMatchObject({
        kind: 'retry',
        message: expect.stringContaining('RetryableErrorDueToAnotherOperation'),
      });
      pass(40_000);
      expect(await connector.apply(order(OTHER), signal)).toMatchObject({ kind: 'pending' });
    }));
});

describe('the same rule under another name', () => {
  test('is the access that the record names: seen, kept, and taken away', () =>
    withBench(subject, async ({ cloud, observe, order, settle, pass }) => {
      putByHand(cloud, 'by-hand');
      pass(40_000);
      expect(await observe(order(RULE))).toMatchObject({
        kind: 'present',
        placed: { ours: false },
      });
      expect(await settle('apply', order(RULE))).toMatchObject({ kind: 'done' });
      await settle('remove', order(RULE));
      expect(await observe(order(RULE))).toEqual({ kind: 'absent' });
    }));

  test('is taken away after ours, one call each', () =>
    withBench(subject, async ({ cloud, connector, order, signal, observe, pass }) => {
      await connector.apply(order(RULE), signal);
      pass(40_000);
      putByHand(cloud, 'by-hand');
      pass(40_000);
      expect(await connector.remove(order(RULE), signal)).toMatchObject({
        kind: 'retry',
        retryAfter: 10_000,
      });
      pass(40_000);
      expect(await connector.remove(order(RULE), signal)).toMatchObject({ kind: 'pending' });
      pass(40_000);
      expect(await observe(order(RULE))).toEqual({ kind: 'absent' });
    }));

  test.each([
    ['another source', { sourceAddressPrefixes: ['203.0.113.7'] }],
    ['another port', { destinationPortRanges: ['443'] }],
    ['ports of the source', { sourcePortRange: '1024-65535' }],
    ['the other direction', { direction: 'Outbound' }],
    ['no access', { access: 'Deny' }],
  ])('is left alone with %s', (_, more) =>
    withBench(subject, async ({ cloud, observe, order, settle, pass }) => {
      putByHand(cloud, 'by-hand', more);
      pass(40_000);
      expect(await observe(order(RULE))).toEqual({ kind: 'absent' });
      const before = cloud.log.length;
      await settle('remove', order(RULE));
      expect(cloud.log.slice(before).map(({ method }) => method)).toEqual(['GET']);
    }),
  );

  test('of ours that somebody has widened is still taken away', () =>
    withBench(subject, async ({ cloud, connector, order, signal, settle, observe, pass }) => {
      await connector.apply(order(RULE), signal);
      pass(40_000);
      const name = cloud.store.list('nsg-rule:')[0]?.[0].split('/').at(-1) ?? '';
      putByHand(cloud, name, { sourceAddressPrefixes: undefined, sourceAddressPrefix: '*' });
      pass(40_000);
      await settle('remove', order(RULE));
      expect(await observe(order(RULE))).toEqual({ kind: 'absent' });
    }));
});

const withParameters = (more: Record<string, string | undefined>) =>
  ({ ...RULE, parameters: { ...RULE.parameters, ...more } }) as GrantSpec;

test.each<[GrantSpec, string]>([
  [{ ...RULE, target: SCOPE }, 'a network security group would pass'],
  [{ ...RULE, target: `${GROUP}/../x` }, 'a network security group would pass'],
  [{ ...RULE, subject: 'the office' }, 'is no address: 203.0.113.7'],
  [{ ...RULE, subject: '203.0.113.7/24' }, 'is written 203.0.113.0/24'],
  [{ ...RULE, subject: '203.0.113.7/32' }, 'is written 203.0.113.7'],
  [{ ...RULE, subject: '010.1.1.1' }, 'is no address'],
  [{ ...RULE, subject: '0.0.0.0/0' }, 'is every address: the addresses that need it'],
  [{ ...RULE, subject: '203.0.113.7,Internet' }, 'is every address'],
  [{ ...RULE, subject: '*' }, 'is every address'],
  [
    withParameters({ direction: 'Outbound', destination: '*' }),
    'record whose scope.endpoints names 0.0.0.0/0, with its scope_justification',
  ],
  [withParameters({ source: '10.0.0.1' }), 'one of them is enough'],
  [withParameters({ priority: undefined }), 'a number from 100 to 4096 would pass'],
  [withParameters({ priority: '99' }), 'is 99: a number from 100 to 4096'],
  [withParameters({ direction: 'sideways' }), 'Inbound, Outbound would pass'],
  [withParameters({ protocol: undefined }), 'Tcp, Udp, Icmp, * would pass'],
  [withParameters({ access: 'maybe' }), 'Allow, Deny would pass'],
  [withParameters({ ports: '' }), 'parameters.ports is missing'],
  [withParameters({ ports: '99999' }), '99999 is no port'],
  [withParameters({ destination: undefined }), 'parameters.destination is missing'],
])('refuses %j and sends nothing', (spec, message) =>
  withBench(subject, async ({ cloud, connector, order, signal }) => {
    const refused = { kind: 'refused', message: expect.stringContaining(message) };
    expect(await connector.apply(order(spec), signal)).toEqual(refused);
    expect(cloud.log).toEqual([]);
  }),
);

test('opens to every address where the scope of the record says so, and closes that whatever it says', () =>
  withBench(subject, async ({ connector, order, signal, pass }) => {
    const open = order({ ...RULE, subject: '0.0.0.0/0' }, { everyAddress: true });
    expect(await connector.apply(open, signal)).toMatchObject({ kind: 'pending' });
    pass(40_000);
    const closing = order({ ...RULE, subject: '0.0.0.0/0' });
    expect(await connector.remove(closing, signal)).toMatchObject({ kind: 'pending' });
  }));
