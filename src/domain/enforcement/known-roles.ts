/** Built-in roles of Azure that people know by name (learn.microsoft.com, Azure built-in roles). */
const KNOWN_ROLES: ReadonlyMap<string, string> = new Map([
  ['8e3af657-a8ff-443c-a75c-2fe8c4bcb635', 'Owner'],
  ['b24988ac-6180-42a0-ab88-20f7382dd24c', 'Contributor'],
  ['acdd72a7-3385-48ef-bd42-f606fba81ae7', 'Reader'],
  ['18d7d88d-d35e-4fb5-a5c3-7773c20a72d9', 'User Access Administrator'],
  ['f58310d9-a9f6-439a-9e8d-f62e7b41a168', 'Role Based Access Control Administrator'],
]);

const BY_NAME = new Map([...KNOWN_ROLES].map(([guid, name]) => [name.toLowerCase(), guid]));

/** The name of a role that is given by its GUID, or by an id that ends in it. */
export function roleName(permission: string): string | undefined {
  return KNOWN_ROLES.get(permission.trim().toLowerCase().split('/').at(-1) ?? '');
}

/** The GUID of a role that is given by its name. */
export function roleGuid(name: string): string | undefined {
  return BY_NAME.get(name.trim().toLowerCase());
}
