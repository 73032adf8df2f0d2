import { azureError, type FakeAnswer, type FakeCall, type FakeGround } from './fake-call.ts';
import { isLocked, missingResource, resourcesBelow } from './fake-scopes.ts';

const ACCOUNTS = /^(.*)\/providers\/microsoft\.storage\/storageaccounts(?:\/([^/]+))?$/i;

interface StoredAccount {
  readonly properties?: { readonly networkAcls?: object };
}

/** Storage accounts: a PATCH replaces each list that it names, as a whole; there is no ETag. */
export function fakeStorageAccounts(call: FakeCall, ground: FakeGround): FakeAnswer | undefined {
  const match = ACCOUNTS.exec(call.path);
  if (!match || call.host !== 'management.azure.com') return undefined;
  const [account, above = '', name] = match;
  if (name === undefined)
    return resourcesBelow(call, above, /\/microsoft\.storage\/storageaccounts\/[^/]+$/, ground);
  const missing = missingResource(account, ground);
  if (missing) return missing;
  const key = `resource:${account.toLowerCase()}`;
  if (call.method === 'GET') return { status: 200, body: ground.store.get(key, ground.readAt) };
  if (call.method !== 'PATCH')
    return azureError(405, 'MethodNotAllowed', 'The method is not allowed.');
  if (isLocked(account, ground))
    return azureError(409, 'ScopeLocked', `The scope '${account}' cannot perform write operation.`);
  const before = ground.store.get(key) as StoredAccount;
  const { properties = {} } = (call.body ?? {}) as StoredAccount;
  const networkAcls = { ...before.properties?.networkAcls, ...properties.networkAcls };
  const made = { ...before, properties: { ...before.properties, ...properties, networkAcls } };
  if (ground.store.put(key, made, call.at)) {
    const operation = 'Microsoft.Storage/storageAccounts/write';
    ground.changed({ operation, id: account, request: call.body });
  }
  return { status: 200, body: made };
}
