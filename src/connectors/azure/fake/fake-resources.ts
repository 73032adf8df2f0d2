import {
  azureError,
  type FakeAnswer,
  type FakeCall,
  type FakeGround,
  notAllowed,
  pageOf,
} from './fake-call.ts';
import { isExempt } from './fake-policy-exemptions.ts';
import { isLocked, liesWithin, whatIsMissing } from './fake-scopes.ts';

/** The types that are known here, with the api-version and how long a change takes. */
const TYPES: Readonly<Record<string, { readonly api: string; readonly takes: number }>> = {
  'microsoft.sql/servers': { api: '2021-11-01', takes: 30_000 },
  'microsoft.storage/storageaccounts': { api: '2023-01-01', takes: 0 },
  'microsoft.keyvault/vaults': { api: '2023-07-01', takes: 0 },
};
const PATH =
  /^(\/subscriptions\/[^/]+(?:\/resourceGroups\/[^/]+)?)\/providers\/([^/]+\/[^/]+)(?:\/([^/]+))?$/i;
const PAGE = 50;

interface StoredResource {
  readonly id: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, unknown>> & {
    readonly networkAcls?: Readonly<Record<string, unknown>>;
  };
}

/**
 * Resources that can be open to public networks. They stand in the store as `resource:<id>`; a policy
 * that denies it as `denies-public:<assignment>`, with its scope. Servers take their time.
 */
export function fakeResources(call: FakeCall, ground: FakeGround): FakeAnswer | undefined {
  const match = PATH.exec(call.path);
  if (!match || call.host !== 'management.azure.com') return undefined;
  const [, scope = '', type = '', name] = match;
  const known = TYPES[type.toLowerCase()];
  if (!known) return undefined;
  const missing = whatIsMissing(call, { scope, api: known.api }, ground);
  if (missing) return missing;
  if (name === undefined)
    return call.method === 'GET' ? list(call, scope, type, ground) : notAllowed();
  const key = `resource:${call.path.toLowerCase()}`;
  const found = ground.store.get(key, call.method === 'GET' ? ground.readAt : call.at);
  if (!found) return azureError(404, 'ResourceNotFound', `The resource '${name}' is not found.`);
  if (call.method === 'GET') return { status: 200, body: found };
  if (call.method !== 'PATCH') return notAllowed();
  return patch(call, { key, type, takes: known.takes, before: found as StoredResource }, ground);
}

function list(call: FakeCall, scope: string, type: string, ground: FakeGround): FakeAnswer {
  const found = ground.store
    .list('resource:', ground.readAt)
    .map(([, value]) => value as StoredResource)
    .filter(({ id }) => liesWithin(id, scope, ground) && typeOf(id) === type.toLowerCase());
  return pageOf(call, found, PAGE);
}

function typeOf(id: string): string | undefined {
  return PATH.exec(id)?.[2]?.toLowerCase();
}

interface Patched {
  readonly key: string;
  readonly type: string;
  readonly takes: number;
  readonly before: StoredResource;
}

function patch(
  call: FakeCall,
  { key, type, takes, before }: Patched,
  ground: FakeGround,
): FakeAnswer {
  const { store, changed } = ground;
  const { properties, tags } = (call.body ?? {}) as Partial<StoredResource>;
  if (isLocked(before.id, ground))
    return azureError(
      409,
      'ScopeLocked',
      `The scope '${before.id}' cannot perform write operation.`,
    );
  const denied = /^enabled$/i.test(String(properties?.publicNetworkAccess))
    ? denyingPolicy(before.id, call.at, ground)
    : undefined;
  if (denied !== undefined)
    return azureError(403, 'RequestDisallowedByPolicy', `It was disallowed by policy: ${denied}.`);
  const after = {
    ...before,
    // Tags are replaced as a whole, properties one by one, and in the rules of a network each list.
    ...(tags === undefined ? {} : { tags }),
    properties: { ...before.properties, ...properties, ...aclsOf(before, properties) },
  };
  store.put(key, after, call.at + takes);
  if (JSON.stringify(after) !== JSON.stringify(before))
    changed({ operation: `${type}/write`, id: before.id, request: call.body, response: after });
  if (takes === 0) return { status: 200, body: after };
  const operation = `https://${call.host}${before.id}/operations/1?api-version=2021-11-01`;
  return { status: 202, headers: { 'azure-asyncoperation': operation, 'retry-after': '30' } };
}

function aclsOf(
  { properties: before }: StoredResource,
  properties: StoredResource['properties'],
): { readonly networkAcls?: object } {
  if (!properties?.networkAcls) return {};
  return { networkAcls: { ...before?.networkAcls, ...properties.networkAcls } };
}

function denyingPolicy(scope: string, at: number, ground: FakeGround): string | undefined {
  return ground.store
    .list('denies-public:')
    .map(([key, above]) => ({ id: key.slice('denies-public:'.length), above: String(above) }))
    .find(({ id, above }) => liesWithin(scope, above, ground) && !isExempt(scope, id, at, ground))
    ?.id;
}
