import { objectIdOf } from './fake-audit-logs.ts';
import {
  azureError,
  type FakeAnswer,
  type FakeCall,
  type FakeGround,
  notAllowed,
  pageOf,
} from './fake-call.ts';
import { isLocked, whatIsMissing } from './fake-scopes.ts';

const PATH = /^(.*?)\/providers\/microsoft\.authorization\/roleassignments(?:\/([^/]+))?$/i;
const PAGE = 100;

interface StoredAssignment {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly properties: {
    readonly scope: string;
    readonly principalId: string;
    readonly roleDefinitionId: string;
  } & Record<string, unknown>;
}

/** Role assignments, 2022-04-01: immutable, found below their scope, each access once. */
export function fakeRoleAssignments(call: FakeCall, ground: FakeGround): FakeAnswer | undefined {
  const match = PATH.exec(call.path);
  if (!match || call.host !== 'management.azure.com') return undefined;
  const [, scope = '', name] = match;
  const missing = whatIsMissing(call, { scope, api: '2022-04-01' }, ground);
  if (missing) return missing;
  if (name === undefined) return call.method === 'GET' ? list(call, scope, ground) : notAllowed();
  switch (call.method) {
    case 'GET':
      return get(scope, name, ground);
    case 'PUT':
      return put(call, scope, name, ground);
    case 'DELETE':
      return remove(call, scope, name, ground);
    default:
      return notAllowed();
  }
}

function get(scope: string, name: string, { store, readAt }: FakeGround): FakeAnswer {
  const found = store.get(keyOf(scope, name), readAt);
  if (found) return { status: 200, body: found };
  return azureError(404, 'RoleAssignmentNotFound', `The role assignment '${name}' is not found.`);
}

function list(call: FakeCall, scope: string, { store, readAt }: FakeGround): FakeAnswer {
  const filter = call.query.get('$filter') ?? '';
  const principal = /principalId eq '([^']*)'/i.exec(filter)?.[1]?.toLowerCase();
  const own = scope.toLowerCase();
  const found = store
    .list('assignment:', readAt)
    .map(([, value]) => value as StoredAssignment)
    .filter(({ properties }) => {
      const at = properties.scope.toLowerCase();
      const isAbove = own === at || own.startsWith(`${at}/`);
      const isBelow = at.startsWith(`${own}/`);
      if (/atScope\(\)/i.test(filter) ? !isAbove : !(isAbove || isBelow)) return false;
      return principal === undefined || properties.principalId.toLowerCase() === principal;
    });
  return pageOf(call, found, PAGE);
}

function put(call: FakeCall, scope: string, name: string, ground: FakeGround): FakeAnswer {
  const { store, changed } = ground;
  const { properties } = (call.body ?? {}) as { properties?: StoredAssignment['properties'] };
  const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
  if (!guid.test(name))
    return azureError(400, 'InvalidRoleAssignmentId', 'The role assignment ID is not a GUID.');
  if (!properties?.principalId || !properties.roleDefinitionId)
    return azureError(400, 'InvalidCreateRoleAssignmentRequest', 'The request is not valid.');
  if (!store.get(`principal:${properties.principalId.toLowerCase()}`)) {
    const message = `Principal ${properties.principalId} does not exist in the directory.`;
    return azureError(400, 'PrincipalNotFound', message);
  }
  const before = store.get(keyOf(scope, name)) as StoredAssignment | undefined;
  if (before) {
    if (accessOf(before) !== accessOf({ properties: { ...properties, scope } }))
      return azureError(400, 'RoleAssignmentUpdateNotPermitted', 'It cannot be changed.');
    return { status: 200, body: before };
  }
  const twin = store
    .list('assignment:')
    .some(
      ([, value]) =>
        accessOf(value as StoredAssignment) === accessOf({ properties: { ...properties, scope } }),
    );
  if (twin) return azureError(409, 'RoleAssignmentExists', 'The role assignment already exists.');
  const now = new Date(call.at).toISOString();
  const made: StoredAssignment = {
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    name,
    type: 'Microsoft.Authorization/roleAssignments',
    properties: {
      ...properties,
      scope,
      createdOn: now,
      updatedOn: now,
      createdBy: objectIdOf(call.caller),
      updatedBy: objectIdOf(call.caller),
    },
  };
  store.put(keyOf(scope, name), made, call.at);
  const operation = 'Microsoft.Authorization/roleAssignments/write';
  changed({ operation, id: made.id, request: call.body, response: made });
  return { status: 201, body: made };
}

function remove(call: FakeCall, scope: string, name: string, ground: FakeGround): FakeAnswer {
  const { store, changed } = ground;
  const before = store.get(keyOf(scope, name)) as StoredAssignment | undefined;
  if (!before) return { status: 204 };
  if (isLocked(scope, ground))
    return azureError(409, 'ScopeLocked', `The scope '${scope}' cannot perform delete operation.`);
  store.put(keyOf(scope, name), undefined, call.at);
  changed({
    operation: 'Microsoft.Authorization/roleAssignments/delete',
    id: before.id,
    response: before,
  });
  return { status: 200, body: before };
}

function accessOf({ properties }: Pick<StoredAssignment, 'properties'>): string {
  const { scope, principalId, roleDefinitionId } = properties;
  return [scope, principalId, roleDefinitionId.split('/').at(-1) ?? ''].join('\n').toLowerCase();
}

function keyOf(scope: string, name: string): string {
  return `assignment:${scope}/${name}`.toLowerCase();
}
