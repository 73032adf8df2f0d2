import type { GrantSpec } from '../../../domain/enforcement/grant-spec.ts';
import { roleGuid, roleName } from '../../../domain/enforcement/known-roles.ts';
import { parseInstant } from '../../../domain/schedule/instant.ts';
import type { PlannedChange } from './read-plan.ts';

/** What a change of a plan gives, in the terms of a record. */
export interface PlannedAccess {
  readonly spec: GrantSpec;
  /** The same access as other records may name it: a role by its name, or by its GUID. */
  readonly others: readonly GrantSpec[];
  /** The end that Azure itself keeps: epoch milliseconds; `none` where it keeps none though it could. */
  readonly end: number | 'none' | undefined;
}

/** Why it cannot be told what a change gives. */
export class UnknownAccess extends Error {}

const ROLE_ASSIGNMENTS = new Set([
  'azurerm_role_assignment',
  'azurerm_pim_active_role_assignment',
  'azurerm_pim_eligible_role_assignment',
  'azurerm_marketplace_role_assignment',
]);
const EXEMPTIONS = new Map([
  ['azurerm_resource_policy_exemption', 'resource_id'],
  ['azurerm_resource_group_policy_exemption', 'resource_group_id'],
  ['azurerm_subscription_policy_exemption', 'subscription_id'],
  ['azurerm_management_group_policy_exemption', 'management_group_id'],
]);
const RAW = new Set(['azapi_resource', 'azapi_update_resource', 'azapi_resource_action']);
const RAW_TYPE =
  /^Microsoft\.Authorization\/(?:roleAssignments|roleAssignmentScheduleRequests|roleEligibilityScheduleRequests|policyExemptions)(?:@|$)/i;
/** Where all of Azure's own offers are assigned. */
const MARKETPLACE = '/providers/Microsoft.Marketplace';

/**
 * What a change gives; `undefined` where that is none of what an exception is asked for.
 *
 * @throws UnknownAccess
 */
export function accessOf(change: PlannedChange): PlannedAccess | undefined {
  const { type } = change;
  if (RAW.has(type)) return rawAccess(change);
  const scope = EXEMPTIONS.get(type);
  const read = ROLE_ASSIGNMENTS.has(type)
    ? () => roleAssignment(change)
    : scope !== undefined
      ? () => exemption(change, scope)
      : type === 'azuread_group_member'
        ? () => groupMember(change)
        : undefined;
  if (!read) return undefined;
  if (change.isDeferred)
    throw new UnknownAccess('Terraform defers it to a later plan, so that it is not known yet');
  return read();
}

function rawAccess({ after, unknown }: PlannedChange): undefined {
  const { type } = after;
  if (unknown.type === true || typeof type !== 'string')
    throw new UnknownAccess('its type is not known, and it may give access');
  if (!RAW_TYPE.test(type)) return undefined;
  throw new UnknownAccess(
    `${type.slice(0, 100)} is written through azapi: write it as a resource of azurerm, which can be read`,
  );
}

function roleAssignment(change: PlannedChange): PlannedAccess {
  const target =
    change.type === 'azurerm_marketplace_role_assignment' ? MARKETPLACE : textOf(change, 'scope');
  const subject = textOf(change, 'principal_id');
  const byId = optional(change, 'role_definition_id');
  const byName = optional(change, 'role_definition_name');
  if (byId === undefined && byName === undefined) textOf(change, 'role_definition_id');
  const named = [byId, byName, byId && roleName(byId), byName && roleGuid(byName)];
  const [spec, ...others] = named
    .filter((permission) => permission !== undefined && permission !== '')
    .map((permission) => ({ kind: 'role-assignment', target, subject, permission }));
  if (!spec) throw new UnknownAccess('it names no role');
  return { spec, others, end: undefined };
}

function exemption(change: PlannedChange, scope: string): PlannedAccess {
  const references = referencesOf(change);
  const parameters =
    references.length === 0 ? undefined : { policy_definition_reference_ids: references.join('&') };
  const spec = {
    kind: 'policy-exemption',
    target: textOf(change, scope),
    permission: textOf(change, 'policy_assignment_id'),
    ...(parameters ? { parameters } : {}),
  };
  return { spec, others: [], end: endOf(change) };
}

function referencesOf({ after, unknown }: PlannedChange): string[] {
  const name = 'policy_definition_reference_ids';
  if (unknown[name] === true || (Array.isArray(unknown[name]) && unknown[name].some(Boolean)))
    throw unknownValue(name);
  const list = after[name] ?? [];
  if (Array.isArray(list) && list.every((each) => typeof each === 'string')) return list;
  throw new UnknownAccess(`${name} is no list of texts`);
}

function endOf(change: PlannedChange): number | 'none' {
  const text = optional(change, 'expires_on');
  if (text === undefined) {
    if (change.unknown.expires_on) throw unknownValue('expires_on');
    return 'none';
  }
  const end = parseInstant(text);
  if (end === undefined) throw new UnknownAccess('expires_on is no instant');
  return end;
}

function groupMember(change: PlannedChange): PlannedAccess {
  const target = textOf(change, 'group_object_id').replace(/^\/groups\//i, '');
  const subject = textOf(change, 'member_object_id');
  return { spec: { kind: 'group-member', target, subject }, others: [], end: undefined };
}

/** An attribute that has to be known. */
function textOf(change: PlannedChange, name: string): string {
  const value = optional(change, name);
  if (value !== undefined) return value;
  if (change.unknown[name]) throw unknownValue(name);
  throw new UnknownAccess(`it has no ${name}`);
}

/** An attribute, where it is known. */
function optional({ after, unknown }: PlannedChange, name: string): string | undefined {
  const value = after[name];
  return !unknown[name] && typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

function unknownValue(name: string): UnknownAccess {
  return new UnknownAccess(`${name} is known only after the apply`);
}
