import {
  azureError,
  type FakeAnswer,
  type FakeCall,
  type FakeGround,
  pageOf,
} from './fake-call.ts';
import { beginChange, busyBelow } from './fake-long-running.ts';
import { isLocked, missingResource, resourcesBelow } from './fake-scopes.ts';

const POLICIES = /^(.*)\/providers\/microsoft\.network\/firewallpolicies$/i;
const PATH =
  /^(.*\/providers\/microsoft\.network\/firewallpolicies\/[^/]+)\/rulecollectiongroups(?:\/([^/]+))?$/i;
const PAGE = 100;
const OPERATION = 'Microsoft.Network/firewallPolicies/ruleCollectionGroups';

interface StoredGroup {
  readonly id: string;
  readonly properties: { readonly priority: number } & Record<string, unknown>;
}

/**
 * Rule collection groups of Azure Firewall policies, 2025-05-01: put whole, one change of a policy at a
 * time, by operations that go on.
 */
export function fakeFirewallRuleGroups(call: FakeCall, ground: FakeGround): FakeAnswer | undefined {
  if (call.host !== 'management.azure.com') return undefined;
  const above = POLICIES.exec(call.path)?.[1];
  if (above !== undefined && call.method === 'GET')
    return resourcesBelow(call, above, /\/firewallpolicies\/[^/]+$/, ground);
  const match = PATH.exec(call.path);
  if (!match) return undefined;
  const [, policy = '', name] = match;
  if (call.query.get('api-version') !== '2025-05-01')
    return azureError(400, 'NoRegisteredProviderFound', 'the api-version is not supported');
  const missing = missingResource(policy, ground);
  if (missing) return missing;
  if (name === undefined && call.method === 'GET') {
    const groups = ground.store.list(keyOf(policy, ''), ground.readAt).map(([, value]) => value);
    return pageOf(call, groups, PAGE);
  }
  if (name === undefined || !['PUT', 'DELETE'].includes(call.method))
    return azureError(405, 'MethodNotAllowed', 'The method is not allowed.');
  return change(call, { policy, name }, ground);
}

function change(
  call: FakeCall,
  { policy, name }: { readonly policy: string; readonly name: string },
  ground: FakeGround,
): FakeAnswer {
  const key = keyOf(policy, name);
  const before = ground.store.get(key) as StoredGroup | undefined;
  const id = `${policy}/ruleCollectionGroups/${name}`;
  const isDelete = call.method === 'DELETE';
  if (isDelete && !before) return { status: 204 };
  if (isDelete && isLocked(policy, ground))
    return azureError(409, 'ScopeLocked', `The scope '${policy}' cannot perform delete operation.`);
  const busy = busyBelow(keyOf(policy, ''), call, ground);
  if (busy) return busy;
  const { properties } = isDelete ? (before as StoredGroup) : (call.body as StoredGroup);
  const made = (provisioningState: string) => ({
    id,
    name,
    properties: { ...properties, provisioningState },
  });
  if (!isDelete && JSON.stringify(before) === JSON.stringify(made('Succeeded')))
    return { status: 200, body: before };
  const meanwhile = made(isDelete ? 'Deleting' : 'Updating');
  const after = isDelete ? undefined : made('Succeeded');
  const headers = beginChange(call, ground, { key, meanwhile, after });
  const operation = `${OPERATION}/${isDelete ? 'delete' : 'write'}`;
  ground.changed({ operation, id, request: call.body });
  return isDelete
    ? { status: 202, headers }
    : { status: before ? 200 : 201, body: meanwhile, headers };
}

function keyOf(policy: string, name: string): string {
  return `rule-group:${policy}/${name}`.toLowerCase();
}
