import {
  azureError,
  type FakeAnswer,
  type FakeCall,
  type FakeGround,
  pageOf,
} from './fake-call.ts';
import type { VersionedStore } from './versioned-store.ts';

const PATH = /^\/v1\.0\/groups\/([^/]+)\/members(?:\/([^/]+))?(\/\$ref)?$/i;
const MOST_ON_A_PAGE = 100;

/** Makes a group known to the directory. */
export function addGroup(store: VersionedStore, id: string): void {
  store.put(`group:${id.toLowerCase()}`, { id }, 0);
}

/**
 * Members of groups as Microsoft Graph has them. A DELETE without `/$ref` deletes the user, as it may
 * there.
 */
export function fakeGroupMembers(call: FakeCall, ground: FakeGround): FakeAnswer | undefined {
  if (call.host !== 'graph.microsoft.com') return undefined;
  const match = PATH.exec(call.path);
  if (!match) return undefined;
  const [, group = '', member, isReference] = match;
  if (!ground.store.get(`group:${group.toLowerCase()}`)) return notFound(group);
  if (call.method === 'GET' && member === undefined) return list(call, group, ground);
  if (call.method === 'POST' && member === '$ref') return add(call, group, ground);
  if (call.method === 'DELETE' && member !== undefined)
    return isReference ? remove(call, group, member, ground) : deleteUser(call, member, ground);
  return azureError(405, 'Request_BadRequest', 'Specified HTTP method is not allowed.');
}

function list(call: FakeCall, group: string, { store, readAt }: FakeGround): FakeAnswer {
  const members = store.list(keyOf(group, ''), readAt).map(([, value]) => value);
  const size = Math.min(Number(call.query.get('$top') ?? MOST_ON_A_PAGE), MOST_ON_A_PAGE);
  return pageOf(call, members, size, '@odata.nextLink');
}

function add(call: FakeCall, group: string, ground: FakeGround): FakeAnswer {
  const reference = (call.body as { '@odata.id'?: unknown } | undefined)?.['@odata.id'];
  const shape = /^https:\/\/graph\.microsoft\.com\/v1\.0\/(?:directoryObjects|users)\/([^/]+)$/;
  const id = typeof reference === 'string' ? shape.exec(reference)?.[1] : undefined;
  if (id === undefined)
    return azureError(400, 'Request_BadRequest', 'The property @odata.id is invalid.');
  const { store } = ground;
  if (!store.get(`principal:${id.toLowerCase()}`)) return notFound(id);
  if (store.get(keyOf(group, id))) {
    const message =
      "One or more added object references already exist for the following modified properties: 'members'.";
    return azureError(400, 'Request_BadRequest', message);
  }
  store.put(keyOf(group, id), { '@odata.type': '#microsoft.graph.user', id }, call.at);
  ground.changed({ operation: 'Add member to group', id: `${group}/${id}`, request: call.body });
  return { status: 204 };
}

function remove(call: FakeCall, group: string, id: string, ground: FakeGround): FakeAnswer {
  if (!ground.store.get(keyOf(group, id))) return notFound(id);
  ground.store.put(keyOf(group, id), undefined, call.at);
  ground.changed({ operation: 'Remove member from group', id: `${group}/${id}` });
  return { status: 204 };
}

function deleteUser(call: FakeCall, id: string, ground: FakeGround): FakeAnswer {
  if (!ground.store.get(`principal:${id.toLowerCase()}`)) return notFound(id);
  ground.store.put(`principal:${id.toLowerCase()}`, undefined, call.at);
  ground.changed({ operation: 'Delete user', id });
  return { status: 204 };
}

function notFound(id: string): FakeAnswer {
  const message = `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`;
  return azureError(404, 'Request_ResourceNotFound', message);
}

function keyOf(group: string, member: string): string {
  return `member:${group}/${member}`.toLowerCase();
}
