/** A segment that leads nowhere else, whatever it is put into. */
const NAME = '(?!\\.{1,2}(?:/|$))[^/?#%\\\\]+';
const GUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const GROUP = `/subscriptions/${GUID}/resourceGroups/${NAME}`;

/** Whether a text is a GUID, as Entra ID's objects and Azure's roles have. */
export function isGuid(text: string): boolean {
  return whole(GUID).test(text.trim());
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
  return withoutSlash(one).toLowerCase() === withoutSlash(other).toLowerCase();
}

function whole(pattern: string): RegExp {
  return new RegExp(`^${pattern}$`, 'i');
}
