/** What a path of Azure Resource Manager leads to. */
export type ScopeKind = 'management-group' | 'subscription' | 'resource-group' | 'resource';

/** A segment that leads nowhere else, whatever it is put into. */
const NAME = '(?!\\.{1,2}(?:/|$))[^/?#%\\\\]+';
const GUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const SUBSCRIPTION = `/subscriptions/${GUID}`;
const GROUP = `${SUBSCRIPTION}/resourceGroups/${NAME}`;
const SHAPES: readonly (readonly [ScopeKind, RegExp])[] = [
  ['management-group', whole(`/providers/Microsoft\\.Management/managementGroups/${NAME}`)],
  ['subscription', whole(SUBSCRIPTION)],
  ['resource-group', whole(GROUP)],
  ['resource', whole(`${GROUP}/providers/${NAME}(?:/${NAME}/${NAME})+`)],
];

/** What would pass as a scope, for people. */
export const SCOPES =
  'a subscription (/subscriptions/<guid>), a resource group (…/resourceGroups/<name>), ' +
  'a resource (…/providers/<namespace>/<type>/<name>) or a management group ' +
  '(/providers/Microsoft.Management/managementGroups/<id>)';

/** What kind of scope a path is; `undefined` for anything else. */
export function scopeKind(path: string): ScopeKind | undefined {
  return SHAPES.find(([, shape]) => shape.test(withoutSlash(path)))?.[0];
}

/** Whether a text is a GUID, as Entra ID's objects and Azure's roles have. */
export function isGuid(text: string): boolean {
  return whole(GUID).test(text.trim());
}

/** Whether a scope is another one or lies below it, by their paths. */
export function isAtOrBelow(scope: string, above: string): boolean {
  return `${plain(scope)}/`.startsWith(`${plain(above)}/`);
}

/** Whether a path is a resource of a type, as `Microsoft.Sql/servers`. */
export function isResourceOf(path: string, type: string): boolean {
  return whole(`${GROUP}/providers/${type.replace('.', '\\.')}/${NAME}`).test(withoutSlash(path));
}

/** A path without the slashes and spaces at its end. */
export function withoutSlash(path: string): string {
  return path.trim().replace(/\/+$/, '');
}

/** Whether two ids are the same (reference/azure.md, fact 6: without regard to case). */
export function same(one: string, other: string): boolean {
  return plain(one) === plain(other);
}

function plain(path: string): string {
  return withoutSlash(path).toLowerCase();
}

function whole(pattern: string): RegExp {
  return new RegExp(`^${pattern}$`, 'i');
}
