import {
  azureError,
  type FakeAnswer,
  type FakeCall,
  type FakeGround,
  pageOf,
} from './fake-call.ts';
import { isLocked, missingResource, resourcesBelow } from './fake-scopes.ts';

const SERVERS = /^(.*)\/providers\/microsoft\.sql\/servers$/i;
const PATH = /^(.*\/providers\/microsoft\.sql\/servers\/[^/]+)\/firewallrules(?:\/([^/]+))?$/i;
const PAGE = 100;
const OPERATION = 'Microsoft.Sql/servers/firewallRules';

interface StoredRule {
  readonly id: string;
  readonly name: string;
  readonly properties: { readonly startIpAddress: string; readonly endIpAddress: string };
}

/**
 * Firewall rules of SQL servers, 2021-11-01. A PUT of the collection replaces all of them, and none can
 * be written while the server's public network access is off.
 */
export function fakeSqlFirewallRules(call: FakeCall, ground: FakeGround): FakeAnswer | undefined {
  if (call.host !== 'management.azure.com') return undefined;
  const above = SERVERS.exec(call.path)?.[1];
  if (above !== undefined && call.method === 'GET')
    return resourcesBelow(call, above, /\/microsoft\.sql\/servers\/[^/]+$/, ground);
  const match = PATH.exec(call.path);
  if (!match) return undefined;
  const [, server = '', name] = match;
  if (call.query.get('api-version') !== '2021-11-01')
    return azureError(400, 'NoRegisteredProviderFound', 'the api-version is not supported');
  const missing = missingResource(server, ground);
  if (missing) return missing;
  if (call.method === 'GET') return read(call, server, name, ground);
  if (isClosed(server, ground)) {
    const message = `Unable to create or modify firewall rules when public network interface for the server is disabled.`;
    return azureError(400, 'DenyPublicEndpointEnabled', message);
  }
  if (call.method === 'PUT' && name === undefined) return replaceAll(call, server, ground);
  if (call.method === 'PUT' && name !== undefined) return put(call, server, name, ground);
  if (call.method === 'DELETE' && name !== undefined) return remove(call, server, name, ground);
  return azureError(405, 'MethodNotAllowed', 'The method is not allowed.');
}

function read(
  call: FakeCall,
  server: string,
  name: string | undefined,
  { store, readAt }: FakeGround,
): FakeAnswer {
  if (name === undefined) {
    const rules = store.list(keyOf(server, ''), readAt).map(([, value]) => value);
    return pageOf(call, rules, PAGE);
  }
  const found = store.get(keyOf(server, name), readAt);
  if (found) return { status: 200, body: found };
  return azureError(404, 'ResourceNotFound', `The firewall rule '${name}' was not found.`);
}

function put(call: FakeCall, server: string, name: string, ground: FakeGround): FakeAnswer {
  const { properties } = (call.body ?? {}) as Partial<StoredRule>;
  if (!properties || !isAddress(properties.startIpAddress) || !isAddress(properties.endIpAddress))
    return azureError(400, 'FirewallRuleNotIPv4Address', 'The address is not IPv4.');
  const before = ground.store.get(keyOf(server, name));
  const made = { id: `${server}/firewallRules/${name}`, name, properties };
  if (ground.store.put(keyOf(server, name), made, call.at))
    ground.changed({ operation: `${OPERATION}/write`, id: made.id, request: call.body });
  return { status: before ? 200 : 201, body: made };
}

function remove(call: FakeCall, server: string, name: string, ground: FakeGround): FakeAnswer {
  if (!ground.store.get(keyOf(server, name))) return { status: 204 };
  if (isLocked(server, ground))
    return azureError(409, 'ScopeLocked', `The scope '${server}' cannot perform delete operation.`);
  ground.store.put(keyOf(server, name), undefined, call.at);
  ground.changed({ operation: `${OPERATION}/delete`, id: `${server}/firewallRules/${name}` });
  return { status: 200 };
}

function replaceAll(call: FakeCall, server: string, ground: FakeGround): FakeAnswer {
  for (const [key] of ground.store.list(keyOf(server, '')))
    ground.store.put(key, undefined, call.at);
  ground.changed({ operation: `${OPERATION}/write`, id: server, request: call.body });
  return { status: 200, body: {} };
}

function isClosed(server: string, { store }: FakeGround): boolean {
  const found = store.get(`resource:${server.toLowerCase()}`) as {
    properties?: { publicNetworkAccess?: string };
  };
  return found.properties?.publicNetworkAccess === 'Disabled';
}

function isAddress(text: unknown): boolean {
  return typeof text === 'string' && /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text);
}

function keyOf(server: string, name: string): string {
  return `sql-rule:${server}/${name}`.toLowerCase();
}
