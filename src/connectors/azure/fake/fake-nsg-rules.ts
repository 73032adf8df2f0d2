import {
  azureError,
  type FakeAnswer,
  type FakeCall,
  type FakeGround,
  pageOf,
} from './fake-call.ts';
import { beginChange, busyBelow } from './fake-long-running.ts';
import { isLocked, missingResource, resourcesBelow } from './fake-scopes.ts';

const GROUPS = /^(.*)\/providers\/microsoft\.network\/networksecuritygroups$/i;
const PATH =
  /^(.*\/providers\/microsoft\.network\/networksecuritygroups\/[^/]+)\/securityrules(?:\/([^/]+))?$/i;
const PAGE = 100;

interface StoredRule {
  readonly id: string;
  readonly name: string;
  readonly properties: { readonly priority: number; readonly direction: string } & Record<
    string,
    unknown
  >;
}

/** Rules of network security groups, 2025-05-01: changed one at a time, by operations that go on. */
export function fakeNsgRules(call: FakeCall, ground: FakeGround): FakeAnswer | undefined {
  if (call.host !== 'management.azure.com') return undefined;
  const above = GROUPS.exec(call.path)?.[1];
  if (above !== undefined && call.method === 'GET')
    return resourcesBelow(call, above, /\/networksecuritygroups\/[^/]+$/, ground);
  const match = PATH.exec(call.path);
  if (!match) return undefined;
  const [, group = '', name] = match;
  if (call.query.get('api-version') !== '2025-05-01')
    return azureError(400, 'NoRegisteredProviderFound', 'the api-version is not supported');
  const missing = missingResource(group, ground);
  if (missing) return missing;
  if (name === undefined && call.method === 'GET') {
    const rules = ground.store.list(keyOf(group, ''), ground.readAt).map(([, value]) => value);
    return pageOf(call, rules, PAGE);
  }
  if (name !== undefined && call.method === 'GET') {
    const found = ground.store.get(keyOf(group, name), ground.readAt);
    return found ? { status: 200, body: found } : notFound(name);
  }
  if (name !== undefined && call.method === 'PUT') return put(call, group, name, ground);
  if (name !== undefined && call.method === 'DELETE') return remove(call, group, name, ground);
  return azureError(405, 'MethodNotAllowed', 'The method is not allowed.');
}

function put(call: FakeCall, group: string, name: string, ground: FakeGround): FakeAnswer {
  const { store, changed } = ground;
  const { properties } = (call.body ?? {}) as Partial<StoredRule>;
  if (!properties || !(properties.priority >= 100 && properties.priority <= 4096))
    return azureError(400, 'SecurityRuleInvalidPriority', 'The priority is out of range.');
  const busy = busyBelow(keyOf(group, ''), call, ground);
  if (busy) return busy;
  const twin = store
    .list(keyOf(group, ''))
    .map(([, value]) => value as StoredRule)
    .find(
      (one) =>
        one.name !== name &&
        one.properties.priority === properties.priority &&
        one.properties.direction === properties.direction,
    );
  if (twin) {
    const message = `Security rule ${name} conflicts with rule ${twin.name}. Rules cannot have the same Priority and Direction.`;
    return azureError(400, 'SecurityRuleConflict', message);
  }
  const before = store.get(keyOf(group, name));
  const made = (provisioningState: string) => ({
    id: `${group}/securityRules/${name}`,
    name,
    properties: { ...properties, provisioningState },
  });
  if (JSON.stringify(before) === JSON.stringify(made('Succeeded')))
    return { status: 200, body: before };
  const key = keyOf(group, name);
  const headers = beginChange(call, ground, {
    key,
    meanwhile: made('Updating'),
    after: made('Succeeded'),
  });
  const operation = 'Microsoft.Network/networkSecurityGroups/securityRules/write';
  changed({ operation, id: made('').id, request: call.body });
  return { status: before ? 200 : 201, body: made('Updating'), headers };
}

function remove(call: FakeCall, group: string, name: string, ground: FakeGround): FakeAnswer {
  const key = keyOf(group, name);
  const before = ground.store.get(key) as StoredRule | undefined;
  if (!before) return { status: 204 };
  if (isLocked(group, ground))
    return azureError(409, 'ScopeLocked', `The scope '${group}' cannot perform delete operation.`);
  const busy = busyBelow(keyOf(group, ''), call, ground);
  if (busy) return busy;
  const meanwhile = {
    ...before,
    properties: { ...before.properties, provisioningState: 'Deleting' },
  };
  const headers = beginChange(call, ground, { key, meanwhile, after: undefined });
  const operation = 'Microsoft.Network/networkSecurityGroups/securityRules/delete';
  ground.changed({ operation, id: before.id });
  return { status: 202, headers };
}

function notFound(name: string): FakeAnswer {
  return azureError(404, 'NotFound', `Resource ${name} not found.`);
}

function keyOf(group: string, name: string): string {
  return `nsg-rule:${group}/${name}`.toLowerCase();
}
