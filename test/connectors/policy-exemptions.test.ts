import { describe, expect, test } from 'vitest';
import { defenderExemptions } from '../../src/connectors/azure/defender-exemptions.ts';
import { policyExemptions } from '../../src/connectors/azure/policy-exemptions.ts';
import { type GrantSpec, grantKey } from '../../src/domain/enforcement/grant-spec.ts';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { DIRECTORY, SCOPE, SUBSCRIPTION } from '../enforcement/cloud-lab.ts';
import { START } from '../support/given.ts';
import { connectorContract, withBench } from './connector-contract.ts';
import {
  ABOVE,
  BASELINE,
  EXEMPTION,
  exempt,
  GROUP,
  OPEN_TO_ALL,
  preparePolicies,
  STANDARD,
} from './policy-cloud.ts';

const WHOLE = `/subscriptions/${SUBSCRIPTION}`;
const SERVER = `${SCOPE}/providers/Microsoft.Sql/servers/orders`;
const policy = { make: policyExemptions, prepare: preparePolicies };
const defender = { make: defenderExemptions, prepare: preparePolicies };
const HEALTH = {
  kind: 'defender-exemption',
  target: SERVER,
  permission: STANDARD,
  parameters: { category: 'Mitigated', policy_definition_reference_ids: 'mfa&disk-encryption' },
};
const references = (ids: string): GrantSpec => ({
  ...EXEMPTION,
  parameters: { ...EXEMPTION.parameters, policy_definition_reference_ids: ids },
});

connectorContract('policy exemptions', {
  ...policy,
  spec: EXEMPTION,
  other: references('tls&tags'),
  scope: WHOLE,
  loseTarget: (cloud) => cloud.store.put(`gone:${SCOPE.toLowerCase()}`, true, 0),
  keepsEnds: true,
  marks: true,
});

connectorContract('exemptions in Defender for Cloud', {
  ...defender,
  spec: HEALTH,
  other: {
    ...HEALTH,
    parameters: { ...HEALTH.parameters, policy_definition_reference_ids: 'mfa' },
  },
  scope: WHOLE,
  loseTarget: (cloud) => cloud.store.put(`gone:${SCOPE.toLowerCase()}`, true, 0),
  keepsEnds: true,
  marks: true,
});

describe('a policy exemption', () => {
  test('says in the cloud who asked, for which ticket, and for which exception', () =>
    withBench(policy, async (bench) => {
      await bench.settle('apply', bench.order(EXEMPTION));
      const [[, stored] = []] = bench.cloud.store.list('exemption:');
      expect(stored).toMatchObject({
        properties: {
          policyAssignmentId: BASELINE,
          exemptionCategory: 'Waiver',
          expiresOn: new Date(START + 10 * DAY).toISOString().replace('.000', ''),
          metadata: {
            ticket_id: 'INC123456',
            requester: 'rae@example.com',
            exception_id: 'EXC_01J6M9M5Y0Q2H6W2QF9Q1VABCE',
            grant_id: 'GRT_01J6M9M5Y0Q2H6W2QF9Q1VABCE-1',
            expiry_notified: false,
          },
        },
      });
    }));

  test('keeps what others have written into it when its end is moved', () =>
    withBench(policy, async (bench) => {
      const order = bench.order(EXEMPTION);
      await bench.settle('apply', order);
      const [[key, value] = ['', undefined]] = bench.cloud.store.list('exemption:');
      const before = value as { properties: { metadata: object } };
      const metadata = { ...before.properties.metadata, expiry_notified: true, costs: 'shop' };
      const properties = {
        ...before.properties,
        metadata,
        displayName: 'Shop until the move',
        resourceSelectors: [{ name: 'west' }],
      };
      bench.cloud.store.put(key, { ...before, properties }, START);
      await bench.settle('apply', { ...order, endsAt: START + 20 * DAY });
      expect(bench.cloud.store.get(key)).toMatchObject({
        properties: {
          metadata: { expiry_notified: true, costs: 'shop', ticket_id: 'INC123456' },
          displayName: 'Shop until the move',
          resourceSelectors: [{ name: 'west' }],
          expiresOn: new Date(START + 20 * DAY).toISOString().replace('.000', ''),
        },
      });
    }));

  test('has an end in whole seconds that is never later, and is not put again for the rest', () =>
    withBench(policy, async (bench) => {
      const order = bench.order(EXEMPTION, { endsAt: START + DAY + 789 });
      await bench.settle('apply', order);
      const seen = await bench.observe(order);
      expect(seen).toMatchObject({ placed: { endsAt: START + DAY } });
      const after = bench.changes();
      await bench.settle('apply', order);
      expect(bench.changes()).toBe(after);
    }));

  test('is taken away whatever its name, its case and the order of its policies', () =>
    withBench(policy, async (bench) => {
      const spec = references('tls&tags');
      exempt(bench.cloud, {
        properties: {
          policyAssignmentId: BASELINE.toUpperCase(),
          policyDefinitionReferenceIds: ['Tags', 'TLS'],
        },
      });
      exempt(bench.cloud, { name: 'all-of-it' });
      exempt(bench.cloud, { scope: WHOLE, name: 'above' });
      const order = bench.order(spec);
      expect(await bench.observe(order)).toMatchObject({ placed: { ours: false } });
      expect(await bench.settle('remove', order)).toEqual({ kind: 'done' });
      expect(await bench.observe(order)).toEqual({ kind: 'absent' });
      expect(bench.cloud.store.list('exemption:').map(([key]) => key.split('/').at(-1))).toEqual([
        'above',
        'all-of-it',
      ]);
    }));

  test('is still there past its own end, until it is taken away', () =>
    withBench(policy, async (bench) => {
      const order = bench.order(EXEMPTION);
      await bench.settle('apply', order);
      bench.pass(11 * DAY);
      expect(await bench.observe(order)).toMatchObject({ kind: 'present' });
      expect(await bench.list(WHOLE)).toHaveLength(1);
      await bench.settle('remove', order);
      expect(await bench.observe(order)).toEqual({ kind: 'absent' });
    }));

  test('is asked for by its name where lists do not show it yet', () =>
    withBench(
      policy,
      async (bench) => {
        const order = bench.order(EXEMPTION);
        const applied = await bench.settle('apply', order);
        const placed = 'placed' in applied ? applied.placed : undefined;
        bench.pass(1_000);
        await bench.settle('remove', { ...order, placed });
        bench.pass(60_000);
        expect(await bench.observe(order)).toEqual({ kind: 'absent' });
      },
      { lag: 20_000 },
    ));

  test('waits for a lock to be taken off', () =>
    withBench(policy, async (bench) => {
      const order = bench.order(EXEMPTION);
      await bench.settle('apply', order);
      bench.cloud.store.put(`lock:${SCOPE.toLowerCase()}`, true, 0);
      expect(await bench.settle('remove', order)).toMatchObject({ kind: 'retry' });
    }));

  test('is listed with those of the scopes above, over several pages, and who may make them', () =>
    withBench(policy, async (bench) => {
      exempt(bench.cloud, {
        scope: GROUP,
        name: 'group',
        properties: { policyAssignmentId: ABOVE },
      });
      exempt(bench.cloud, { name: 'own', properties: { policyAssignmentId: OPEN_TO_ALL } });
      for (let number = 0; number < 120; number += 1)
        exempt(bench.cloud, { scope: `${SCOPE}-${number}`, name: 'one' });
      const listed = await bench.list(WHOLE);
      expect(listed).toHaveLength(122);
      const of = (permission: string) =>
        listed.find(({ spec }) => spec.permission === permission)?.selfService;
      expect(of(ABOVE)).toBeUndefined();
      expect(of(OPEN_TO_ALL)).toBe(true);
      expect(of(BASELINE)).toBe(false);
      expect(listed[0]).toMatchObject({ createdBy: 'somebody', createdAt: START });
      const reads = bench.cloud.log.filter(({ path }) => /policyAssignments/.test(path));
      expect(reads).toHaveLength(3);
    }));

  test('belongs to one of the two kinds in a list, and has the same key as either', () =>
    withBench(policy, async (bench) => {
      exempt(bench.cloud, {
        scope: SERVER,
        properties: {
          policyAssignmentId: STANDARD,
          policyDefinitionReferenceIds: ['disk-encryption', 'MFA'],
        },
      });
      expect(await bench.list(WHOLE)).toEqual([]);
      expect(grantKey({ ...HEALTH, kind: 'policy-exemption' })).toBe(grantKey(HEALTH));
    }));
});

describe('what is no exemption is refused without a call', () => {
  const refused: readonly (readonly [string, GrantSpec, RegExp])[] = [
    ['no permission', { kind: 'policy-exemption', target: SCOPE }, /needs a permission: the id/],
    ['another permission', { ...EXEMPTION, permission: `${SCOPE}/x` }, /policyAssignments/],
    ['no parameters', { ...EXEMPTION, parameters: undefined }, /Waiver or Mitigated/],
    ['another category', { ...EXEMPTION, parameters: { category: 'Always' } }, /Waiver or Mit/],
    ['a subject', { ...EXEMPTION, subject: DIRECTORY }, /has no subject/],
    ['a target of words', { ...EXEMPTION, target: 'the shop' }, /a subscription \(/],
    ['a target with a query', { ...EXEMPTION, target: `${SCOPE}?x=1#` }, /a subscription \(/],
    ['a target that climbs', { ...EXEMPTION, target: `${WHOLE}/resourceGroups/..` }, /a subscript/],
    [
      'a target outside its assignment',
      { ...EXEMPTION, target: GROUP },
      /is the scope of its assignment/,
    ],
    [
      'a parameter that there is none of',
      { ...EXEMPTION, parameters: { category: 'Waiver', policy_reference_ids: 'tls' } },
      /has no parameter policy_reference_ids; it has category/,
    ],
    ['references that name nothing', references(' & '), /joined by &/],
    [
      'a long name',
      { ...EXEMPTION, parameters: { category: 'Waiver', display_name: 'x'.repeat(129) } },
      /129 characters; Azure takes at most 128/,
    ],
    [
      'a long description',
      { ...EXEMPTION, parameters: { category: 'Waiver', description: 'x'.repeat(513) } },
      /at most 512/,
    ],
  ];
  test.each(refused)('%s', (_, spec, message) =>
    withBench(policy, async (bench) => {
      expect(await bench.settle('apply', bench.order(spec))).toEqual({
        kind: 'refused',
        message: expect.stringMatching(message),
      });
      expect(bench.cloud.log).toEqual([]);
    }),
  );

  test('a standard without its policies', () =>
    withBench(defender, async (bench) => {
      const spec = { ...HEALTH, parameters: { category: 'Waiver' } };
      const message = expect.stringMatching(/policy_definition_reference_ids, joined by &/);
      const order = bench.order(spec);
      expect(await bench.settle('apply', order)).toEqual({ kind: 'refused', message });
      expect(await bench.settle('remove', order)).toEqual({ kind: 'refused', message });
      expect(await bench.observe(order)).toEqual({ kind: 'undecided', message });
      expect(bench.cloud.log).toEqual([]);
    }));

  test('but what others have put there is taken away, though it could not be put there', () =>
    withBench(policy, async (bench) => {
      exempt(bench.cloud);
      const order = bench.order({ ...EXEMPTION, parameters: undefined });
      expect(await bench.settle('remove', order)).toEqual({ kind: 'done' });
      expect(await bench.observe(order)).toEqual({ kind: 'absent' });
    }));
});
