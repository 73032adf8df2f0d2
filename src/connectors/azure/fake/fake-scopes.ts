import {
  azureError,
  type FakeAnswer,
  type FakeCall,
  type FakeGround,
  pageOf,
} from './fake-call.ts';
import type { VersionedStore } from './versioned-store.ts';

/** The answer where an api-version or a scope is not there, as Azure gives it before anything else. */
export function whatIsMissing(
  call: FakeCall,
  { scope, api }: { readonly scope: string; readonly api: string },
  ground: FakeGround,
): FakeAnswer | undefined {
  if (call.query.get('api-version') !== api)
    return azureError(400, 'NoRegisteredProviderFound', 'the api-version is not supported');
  return missingScope(scope, ground);
}

/** The error of a scope whose subscription or resource group is not there. */
function missingScope(scope: string, { store }: FakeGround): FakeAnswer | undefined {
  const subscription = /^\/subscriptions\/([^/]+)/i.exec(scope)?.[1];
  if (subscription === undefined) return undefined;
  if (!store.get(`subscription:${subscription.toLowerCase()}`)) {
    const message = `The subscription '${subscription}' could not be found.`;
    return azureError(404, 'SubscriptionNotFound', message);
  }
  const group = /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)/i.exec(scope);
  if (group && store.get(`gone:${group[0].toLowerCase()}`)) {
    const message = `Resource group '${group[1]}' could not be found.`;
    return azureError(404, 'ResourceGroupNotFound', message);
  }
  return undefined;
}

/** Whether a lock keeps what lies at or below a scope from being taken away. */
export function isLocked(scope: string, { store }: FakeGround): boolean {
  const own = scope.toLowerCase();
  return store.list('lock:').some(([key]) => own.startsWith(key.slice('lock:'.length)));
}

/** Whether a scope is another one or lies below it: subscriptions below their management groups too. */
export function liesWithin(
  scope: string,
  above: string,
  { store }: Pick<FakeGround, 'store'>,
): boolean {
  const own = scope.toLowerCase();
  if (`${own}/`.startsWith(`${above.toLowerCase()}/`)) return true;
  const subscription = /^\/subscriptions\/[^/]+/.exec(own)?.[0] ?? own;
  const parent = store.get(`parent:${subscription}`);
  return typeof parent === 'string' && liesWithin(parent, above, { store });
}

/** Makes a resource known, that others may stand below. */
export function addResource(store: VersionedStore, id: string, value: unknown = { id }): void {
  store.put(`resource:${id.toLowerCase()}`, value, 0);
}

/** The error of a resource that is not there, or of what it lies in. */
export function missingResource(id: string, ground: FakeGround): FakeAnswer | undefined {
  const missing = missingScope(id, ground);
  if (missing) return missing;
  if (ground.store.get(`resource:${id.toLowerCase()}`)) return undefined;
  return azureError(404, 'ResourceNotFound', `The Resource '${id}' was not found.`);
}

/** A list of the resources below a scope whose paths, in lower case, end as they should. */
export function resourcesBelow(
  call: FakeCall,
  scope: string,
  ending: RegExp,
  ground: FakeGround,
): FakeAnswer {
  const missing = missingScope(scope, ground);
  if (missing) return missing;
  const found = ground.store
    .list(`resource:${scope.toLowerCase()}/`, ground.readAt)
    .filter(([key]) => ending.test(key))
    .map(([, value]) => value);
  return pageOf(call, found, 100);
}
