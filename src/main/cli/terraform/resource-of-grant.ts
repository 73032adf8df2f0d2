import type { ExceptionRecord } from '@lapse/client';
import ipaddr from 'ipaddr.js';
import { grantSentence } from '../../../domain/enforcement/grant-words.ts';
import type { HclResource, HclValue } from './hcl.ts';

type Spec = NonNullable<ExceptionRecord['grants']>[number];

/** A grant of a record, with its place in it from 1. */
export interface NumberedGrant {
  readonly record: ExceptionRecord;
  readonly spec: Spec;
  readonly number: number;
}

/** Why a grant has no resource; what would pass. */
export class NotRendered extends Error {}

type Values = Readonly<Record<string, HclValue | undefined>>;
interface Made {
  readonly type: string;
  readonly values: Values;
}

const KINDS = new Map<string, (grant: NumberedGrant) => Made>([
  ['role-assignment', roleAssignment],
  ['policy-exemption', policyExemption],
  ['defender-exemption', policyExemption],
  ['group-member', groupMember],
  ['nsg-rule', securityRule],
  ['sql-firewall-rule', sqlRule],
  [
    'storage-ip-rule',
    () => {
      throw new NotRendered(
        'azurerm_storage_account_network_rules is the whole list of an account, and takes away what it does not name; add the address to the one that there is',
      );
    },
  ],
]);

/** The Terraform resource of a grant. @throws NotRendered */
export function resourceOfGrant(grant: NumberedGrant): HclResource {
  const { record, spec, number } = grant;
  const make = KINDS.get(spec.kind);
  if (!make) {
    const known = [...KINDS.keys()].filter((kind) => kind !== 'storage-ip-rule');
    throw new NotRendered(`there is no resource for this kind; there is for ${known.join(', ')}`);
  }
  const { type, values } = make(grant);
  return { type, name: labelOf(grant), comments: commentsOf(record, spec, number), values };
}

function commentsOf(record: ExceptionRecord, spec: Spec, number: number): string[] {
  const { exception_id, title, ticket_id, expires_at } = record;
  return [
    `${exception_id}, grant ${number}: ${title}`,
    `Gives ${grantSentence(spec)}`,
    ...(ticket_id ? [`Ticket ${ticket_id}`] : []),
    expires_at
      ? `Ends ${expires_at}: take this block out before then`
      : 'Its end is fixed by its approval: render it again then',
  ];
}

function labelOf({ record, number }: NumberedGrant): string {
  return `${record.exception_id.replaceAll(/[^\w]/g, '_')}_${number}`.toLowerCase();
}

function roleAssignment({ record, spec }: NumberedGrant): Made {
  const scope = pathOf(spec);
  const role = needed(spec.permission, 'permission: the role definition, by id, GUID or name');
  return {
    type: 'azurerm_role_assignment',
    values: {
      scope,
      ...roleValues(scope, role),
      principal_id: guidOf(spec.subject, 'subject: the object id of the principal'),
      principal_type: spec.parameters?.principal_type ?? 'User',
      description: markOf(record),
    },
  };
}

function roleValues(scope: string, role: string): Values {
  if (role.startsWith('/')) return { role_definition_id: role };
  if (!GUID.test(role)) return { role_definition_name: role };
  const place = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? '';
  const id = `${place}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
  return { role_definition_id: id };
}

const GROUP = '/subscriptions/[^/]+/resourceGroups/[^/]+';
const SCOPES: readonly (readonly [RegExp, string, string])[] = [
  [
    /^\/providers\/Microsoft\.Management\/managementGroups\/[^/]+$/i,
    'azurerm_management_group_policy_exemption',
    'management_group_id',
  ],
  [/^\/subscriptions\/[^/]+$/i, 'azurerm_subscription_policy_exemption', 'subscription_id'],
  [new RegExp(`^${GROUP}$`, 'i'), 'azurerm_resource_group_policy_exemption', 'resource_group_id'],
  [new RegExp(`^${GROUP}/providers/.+$`, 'i'), 'azurerm_resource_policy_exemption', 'resource_id'],
];

function policyExemption({ record, spec, number }: NumberedGrant): Made {
  const scope = pathOf(spec);
  const [, type, argument] =
    SCOPES.find(([pattern]) => pattern.test(scope)) ??
    missing('target: a management group, subscription, resource group or resource');
  const {
    category,
    display_name,
    policy_definition_reference_ids: references,
  } = spec.parameters ?? {};
  const { exception_id, ticket_id, requestor, expires_at, title } = record;
  if (category !== 'Waiver' && category !== 'Mitigated')
    missing('parameters.category: Waiver or Mitigated');
  return {
    type,
    values: {
      name: `${exception_id}-${number}`,
      [argument]: scope,
      policy_assignment_id: needed(spec.permission, 'permission: the id of the policy assignment'),
      exemption_category: category,
      expires_on: expires_at?.replace(/\.\d+Z$/, 'Z'),
      display_name: (display_name ?? title).slice(0, 128),
      description: markOf(record).slice(0, 512),
      policy_definition_reference_ids: references
        ?.split('&')
        .map((reference) => reference.trim())
        .filter((reference) => reference !== ''),
      metadata: {
        json: {
          exception_id,
          ...(ticket_id ? { ticket_id } : {}),
          ...(requestor ? { requestor: requestor.email ?? requestor.name } : {}),
        },
      },
    },
  };
}

function groupMember({ spec }: NumberedGrant): Made {
  return {
    type: 'azuread_group_member',
    values: {
      group_object_id: guidOf(spec.target, 'target: the object id of the group'),
      member_object_id: guidOf(spec.subject, 'subject: the object id of the member'),
    },
  };
}

const SECURITY_GROUP =
  /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/providers\/Microsoft\.Network\/networkSecurityGroups\/([^/]+)$/i;

function securityRule({ record, spec, number }: NumberedGrant): Made {
  const { parameters = {}, subject } = spec;
  const [, group, securityGroup] =
    SECURITY_GROUP.exec(pathOf(spec)) ?? missing('target: the id of a network security group');
  const priority = Number(parameters.priority);
  if (!(Number.isInteger(priority) && priority >= 100 && priority <= 4096))
    missing('parameters.priority: a number from 100 to 4096');
  return {
    type: 'azurerm_network_security_rule',
    values: {
      name: `${record.exception_id}-${number}`,
      resource_group_name: group,
      network_security_group_name: securityGroup,
      priority,
      direction: oneOf(parameters.direction, 'direction', ['Inbound', 'Outbound']),
      access: oneOf(parameters.access ?? 'Allow', 'access', ['Allow', 'Deny']),
      protocol: oneOf(parameters.protocol, 'protocol', ['Tcp', 'Udp', 'Icmp', '*']),
      source_port_range: '*',
      ...oneOrMore('source_address_prefix', 'es', parameters.source ?? subject, 'source'),
      ...oneOrMore('destination_address_prefix', 'es', parameters.destination, 'destination'),
      ...oneOrMore('destination_port_range', 's', parameters.ports, 'ports'),
      description: markOf(record).slice(0, 140),
    },
  };
}

/** An argument for one value, or the one that takes several. */
function oneOrMore(
  argument: string,
  plural: string,
  text: string | undefined,
  name: string,
): Values {
  const list = needed(text, `parameters.${name}: values with commas`)
    .split(',')
    .map((value) => value.trim())
    .filter((value) => value !== '');
  const [only, ...more] = list;
  if (only === undefined) missing(`parameters.${name}: values with commas`);
  return more.length === 0 ? { [argument]: only } : { [`${argument}${plural}`]: list };
}

function sqlRule({ record, spec, number }: NumberedGrant): Made {
  const said = spec.subject ?? spec.permission;
  const [first, last] = rangeOf(needed(said, 'subject: an address or a range'));
  return {
    type: 'azurerm_mssql_firewall_rule',
    values: {
      name: `${record.exception_id}-${number}`,
      server_id: pathOf(spec),
      start_ip_address: first,
      end_ip_address: last,
    },
  };
}

function rangeOf(text: string): readonly [string, string] {
  const { IPv4 } = ipaddr;
  const said = text.trim();
  const [first = '', last = first, ...more] = said.split('-').map((part) => part.trim());
  const isRange = more.length === 0 && [first, last].every(IPv4.isValidFourPartDecimal);
  if (isRange) return [first, last];
  if (!IPv4.isValidCIDRFourPartDecimal(said))
    missing('subject: 203.0.113.7, 203.0.113.0/24 or 203.0.113.7-203.0.113.9');
  const ends = [IPv4.networkAddressFromCIDR(said), IPv4.broadcastAddressFromCIDR(said)];
  return [String(ends[0]), String(ends[1])];
}

/** What says there, to whoever finds it, which exception it stands for. */
function markOf({ exception_id, ticket_id, expires_at }: ExceptionRecord): string {
  const until = expires_at ? `, until ${expires_at}` : '';
  return `Security exception ${exception_id}${ticket_id ? ` (${ticket_id})` : ''}${until}`;
}

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function guidOf(text: string | undefined, what: string): string {
  const id = needed(text, what);
  return GUID.test(id) ? id : missing(what);
}

function pathOf({ target }: Spec): string {
  const path = target.trim().replace(/\/+$/, '');
  return path.startsWith('/') ? path : missing('target: the id of a resource or scope');
}

function oneOf(text: string | undefined, name: string, choices: readonly string[]): string {
  const found = choices.find((choice) => choice.toLowerCase() === text?.trim().toLowerCase());
  return found ?? missing(`parameters.${name}: ${choices.join(', ')}`);
}

function needed(text: string | undefined, what: string): string {
  return text?.trim() || missing(what);
}

function missing(what: string): never {
  throw new NotRendered(`it needs ${what}`);
}
