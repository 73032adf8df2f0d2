import type { ExceptionRecord } from '@lapse/client';
import { describe, expect, it } from 'vitest';
import { hclResource } from './hcl.ts';
import { resourceOfGrant } from './resource-of-grant.ts';

const S = '/subscriptions/11111111-2222-4333-8444-555555555555';
const GROUP = `${S}/resourceGroups/shop`;
const PERSON = 'aaaaaaaa-2222-4333-8444-555555555555';
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const ASSIGNMENT = `${S}/providers/Microsoft.Authorization/policyAssignments/tls`;
const NSG = `${GROUP}/providers/Microsoft.Network/networkSecurityGroups/edge`;
const RULE = {
  ...{ direction: 'inbound', protocol: 'tcp', source: '203.0.113.7', destination: '*' },
  ...{ ports: '443, 8000-8100', priority: '200' },
};

const record = {
  exception_id: 'EXC_01M889Y58V3ZNWB1WCWA3MBGNK',
  title: 'Old TLS',
  ticket_id: 'SEC-17',
  requestor: { name: 'A. Rivera', email: 'arivera@example.com' },
  expires_at: '2026-03-07T00:00:00.000Z',
} as ExceptionRecord;

type Spec = NonNullable<ExceptionRecord['grants']>[number];

const made = (spec: Spec) => resourceOfGrant({ record, spec, number: 1 });

describe('kinds', () => {
  it('a role assignment, by GUID, id or name', () => {
    const spec = { kind: 'role-assignment', target: `${GROUP}/`, subject: PERSON };
    expect(made({ ...spec, permission: READER })).toMatchObject({
      type: 'azurerm_role_assignment',
      name: 'exc_01m889y58v3znwb1wcwa3mbgnk_1',
      values: {
        scope: GROUP,
        role_definition_id: `${S}/providers/Microsoft.Authorization/roleDefinitions/${READER}`,
        principal_id: PERSON,
        principal_type: 'User',
        description: expect.stringContaining('EXC_01M889Y58V3ZNWB1WCWA3MBGNK (SEC-17), until 2026'),
      },
    });
    expect(made({ ...spec, permission: 'Reader' }).values).toMatchObject({
      role_definition_name: 'Reader',
    });
  });

  it.each([
    [
      '/providers/Microsoft.Management/managementGroups/all',
      'management_group',
      'management_group_id',
    ],
    [S, 'subscription', 'subscription_id'],
    [GROUP, 'resource_group', 'resource_group_id'],
    [`${GROUP}/providers/Microsoft.Web/sites/shop`, 'resource', 'resource_id'],
  ])('a policy exemption of %s', (target, type, argument) => {
    const parameters = { category: 'Waiver', policy_definition_reference_ids: 'tls & ciphers' };
    const exemption = made({
      kind: 'policy-exemption',
      target,
      permission: ASSIGNMENT,
      parameters,
    });
    expect(exemption).toMatchObject({
      type: `azurerm_${type}_policy_exemption`,
      values: {
        [argument]: target,
        policy_assignment_id: ASSIGNMENT,
        exemption_category: 'Waiver',
        expires_on: '2026-03-07T00:00:00Z',
        policy_definition_reference_ids: ['tls', 'ciphers'],
        metadata: {
          json: {
            exception_id: 'EXC_01M889Y58V3ZNWB1WCWA3MBGNK',
            ticket_id: 'SEC-17',
            requestor: 'arivera@example.com',
          },
        },
      },
    });
  });

  it('a group member', () =>
    expect(made({ kind: 'group-member', target: PERSON, subject: READER })).toMatchObject({
      type: 'azuread_group_member',
      values: { group_object_id: PERSON, member_object_id: READER },
    }));

  it('a rule of a network security group', () =>
    expect(made({ kind: 'nsg-rule', target: NSG, parameters: RULE })).toMatchObject({
      type: 'azurerm_network_security_rule',
      values: {
        resource_group_name: 'shop',
        network_security_group_name: 'edge',
        ...{ priority: 200, direction: 'Inbound', access: 'Allow', protocol: 'Tcp' },
        ...{ source_address_prefix: '203.0.113.7', destination_address_prefix: '*' },
        destination_port_ranges: ['443', '8000-8100'],
      },
    }));

  it.each([
    ['203.0.113.7', '203.0.113.7', '203.0.113.7'],
    ['203.0.113.0/24', '203.0.113.0', '203.0.113.255'],
    ['203.0.113.7 - 203.0.113.9', '203.0.113.7', '203.0.113.9'],
  ])('a firewall rule of SQL for %s', (subject, start_ip_address, end_ip_address) =>
    expect(made({ kind: 'sql-firewall-rule', target: `${GROUP}/x`, subject }).values).toMatchObject(
      {
        ...{ server_id: `${GROUP}/x`, start_ip_address, end_ip_address },
      },
    ),
  );
});

it.each([
  [{ kind: 'storage-ip-rule', target: GROUP }, /whole list of an account/],
  [{ kind: 'vendor-port', target: 'x' }, /there is for role-assignment/],
  [
    { kind: 'role-assignment', target: GROUP, subject: 'p. okafor', permission: 'Owner' },
    /object id/,
  ],
  [{ kind: 'role-assignment', target: 'shop', subject: PERSON, permission: 'Owner' }, /target/],
  [{ kind: 'policy-exemption', target: S, permission: ASSIGNMENT }, /Waiver or Mitigated/],
  [{ kind: 'policy-exemption', target: '/x', permission: ASSIGNMENT }, /management group/],
  [{ kind: 'nsg-rule', target: NSG, parameters: { ...RULE, priority: '1' } }, /100 to 4096/],
  [{ kind: 'nsg-rule', target: NSG, parameters: { ...RULE, ports: ' , ' } }, /ports/],
  [{ kind: 'sql-firewall-rule', target: GROUP, subject: 'everybody' }, /203\.0\.113/],
])('%j is left out with what it lacks', (spec, why) => expect(() => made(spec)).toThrow(why));

it('an id that is no ULID makes no other label', () => {
  const hostile = { ...record, exception_id: 'EXC" {' } as ExceptionRecord;
  const spec = { kind: 'group-member', target: PERSON, subject: READER };
  const hcl = hclResource(resourceOfGrant({ record: hostile, spec, number: 1 }));
  expect(hcl).toContain('resource "azuread_group_member" "exc____1" {');
});
