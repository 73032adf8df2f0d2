import type { GrantSpec } from '../../domain/enforcement/grant-spec.ts';
import { isGuid, SCOPES, scopeKind, withoutSlash } from './scopes.ts';

const DEFINITIONS = 'providers/Microsoft.Authorization/roleDefinitions';
const PRINCIPAL_TYPES = ['User', 'Group', 'ServicePrincipal', 'ForeignGroup'];
const PARAMETERS = ['principal_type', 'mode'];

/** A role that a grant asks for. */
export interface AskedRole {
  readonly scope: string;
  readonly principalId: string;
  readonly principalType: string;
  readonly roleDefinitionId: string;
  /** Whether it is to be given by PIM, with an end of its own. */
  readonly isTimeBoxed: boolean;
}

/** What says where in Azure who has which role. */
export interface RoleProperties {
  readonly scope: string;
  readonly principalId: string;
  readonly roleDefinitionId: string;
}

/**
 * Reads a grant as a role assignment: `target` is the scope, `subject` the object id of the principal,
 * `permission` the role definition by id or GUID, `parameters.principal_type` what the principal is (User
 * unless given), `parameters.mode` `pim` where PIM is to give it. Answers what is wrong with it, and
 * what would pass, where it is none.
 */
export function readRole(spec: GrantSpec): AskedRole | string {
  const { subject = '', permission = '', parameters = {} } = spec;
  const scope = withoutSlash(spec.target);
  // Nothing before the provider: the directory's own root scope.
  if (scope !== '' && scopeKind(scope) === undefined)
    return `the target of a role assignment is /, ${SCOPES}`;
  if (!isGuid(subject))
    return 'a role assignment needs a subject: the object id of the principal, a GUID';
  if (!isGuid(guidOf(permission)) || !/^(\/|[^/]*$)/.test(permission.trim()))
    return 'a role assignment needs a permission: the id of the role definition, or its GUID';
  const unknown = Object.keys(parameters).find((key) => !PARAMETERS.includes(key));
  if (unknown !== undefined)
    return `a role assignment has no parameter ${unknown}; it has ${PARAMETERS.join(', ')}`;
  const { principal_type: principalType = 'User', mode } = parameters;
  if (!PRINCIPAL_TYPES.includes(principalType))
    return `parameters.principal_type is one of ${PRINCIPAL_TYPES.join(', ')}`;
  if (mode !== undefined && mode !== 'pim')
    return 'parameters.mode of a role assignment is pim, or left out';
  return {
    scope,
    principalId: subject.trim(),
    principalType,
    roleDefinitionId: definitionOf(scope, permission.trim()),
    isTimeBoxed: mode === 'pim',
  };
}

/** Whether something in Azure is the role that is asked for, whatever its name. */
export function isRole(properties: RoleProperties, asked: RoleProperties): boolean {
  return roleKey(properties) === roleKey(asked);
}

/** Who has which role where, as a key. */
export function roleKey({ scope, principalId, roleDefinitionId }: RoleProperties): string {
  return [withoutSlash(scope), principalId.trim(), guidOf(roleDefinitionId)]
    .join('\n')
    .toLowerCase();
}

/** The filter of lists that finds all of a principal. */
export function filterOf({ principalId }: AskedRole): string {
  return `$filter=${encodeURIComponent(`principalId eq '${principalId}'`)}`;
}

/** A role definition's GUID, by which its id ends. */
export function guidOf(role: string): string {
  return withoutSlash(role).split('/').at(-1) ?? '';
}

/** The role definition's id, at the subscription of the scope where only its GUID is given. */
function definitionOf(scope: string, role: string): string {
  if (role.startsWith('/')) return role;
  const subscription = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? '';
  return `${subscription}/${DEFINITIONS}/${role}`;
}
