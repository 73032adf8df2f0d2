import { describe, expect, it } from 'vitest';
import { grantKey, laneOf, policyReferences, takesTurns } from './grant-spec.ts';

const EXEMPTION = {
  kind: 'policy-exemption',
  target: '/subscriptions/1/resourceGroups/shop',
  permission: '/subscriptions/1/providers/Microsoft.Authorization/policyAssignments/baseline',
};
const from = (policy_definition_reference_ids: string, kind = EXEMPTION.kind) => ({
  ...EXEMPTION,
  kind,
  parameters: { category: 'Waiver', policy_definition_reference_ids },
});

describe('the key of an exemption', () => {
  it('tells apart what it is from, whatever order and case its policies are in', () => {
    expect(grantKey(from('TLS & tags'))).toBe(grantKey(from('Tags&tls')));
    expect(grantKey(from('tls'))).not.toBe(grantKey(from('tls&tags')));
    expect(grantKey(from('tls'))).not.toBe(grantKey(EXEMPTION));
  });

  it('is one for the kinds of exemptions, since both name the same resource', () => {
    expect(grantKey(from('tls', 'defender-exemption'))).toBe(grantKey(from('tls')));
  });

  it('goes by nothing else in its parameters', () => {
    expect(grantKey({ ...EXEMPTION, parameters: { category: 'Mitigated' } })).toBe(
      grantKey(EXEMPTION),
    );
  });
});

it('reads policies that are joined by &', () => {
  expect(policyReferences(from(' tls & & tags '))).toEqual(['tls', 'tags']);
  expect(policyReferences(EXEMPTION)).toEqual([]);
});

const GROUP = '/subscriptions/S1/resourceGroups/shop';

describe('the lane of a grant', () => {
  it.each([
    ['role-assignment', GROUP, 'subscription:s1'],
    ['sql-firewall-rule', `${GROUP}/providers/Microsoft.Sql/servers/a`, 'subscription:s1'],
    ['nsg-rule', `${GROUP}/providers/Microsoft.Network/networkSecurityGroups/a`, 'network:s1'],
    [
      'storage-ip-rule',
      `${GROUP}/providers/Microsoft.Storage/storageAccounts/A/`,
      'account:/subscriptions/s1/resourcegroups/shop/providers/microsoft.storage/storageaccounts/a',
    ],
    [
      'firewall-rule-group',
      `${GROUP}/providers/Microsoft.Network/firewallPolicies/Hub`,
      'policy:/subscriptions/s1/resourcegroups/shop/providers/microsoft.network/firewallpolicies/hub',
    ],
    ['group-member', 'bbbbbbbb-2222-4333-8444-555555555555', 'graph'],
    ['vpn-account', 'the gateway', 'kind:vpn-account'],
  ])('of %s at %s is %s', (kind, target, lane) => {
    expect(laneOf({ kind, target })).toBe(lane);
    expect(takesTurns(lane)).toBe(/storage|firewall-rule-group/.test(kind));
  });
});

describe('the key of a rule of a network', () => {
  const rule = {
    kind: 'nsg-rule',
    target: GROUP,
    subject: '203.0.113.7, 198.51.100.0/24',
    parameters: { priority: '300', direction: 'Inbound', protocol: 'Tcp', ports: '443,80' },
  };

  it('is the same whatever the order, the case and the priority', () => {
    const parameters = { priority: '301', direction: 'inbound', access: 'Allow', protocol: 'tcp' };
    const source = '198.51.100.0/24,203.0.113.7';
    const other = { kind: rule.kind, target: `${GROUP}/` };
    const same = { ...other, parameters: { ...parameters, source, ports: '80,443' } };
    expect(grantKey(same)).toBe(grantKey(rule));
  });

  it.each([
    ['ports', '444'],
    ['direction', 'Outbound'],
    ['access', 'Deny'],
    ['protocol', 'Udp'],
  ])('is another with other %s', (name, value) => {
    const parameters = { ...rule.parameters, [name]: value };
    expect(grantKey({ ...rule, parameters })).not.toBe(grantKey(rule));
  });
});
