import { azureError, type FakeAnswer, type FakeCall, type FakeGround } from './fake-call.ts';

/** The answer where an api-version or a scope is not there, as Azure gives it before anything else. */
export function whatIsMissing(
  call: FakeCall,
  { scope, api }: { readonly scope: string; readonly api: string },
  { store }: FakeGround,
): FakeAnswer | undefined {
  if (call.query.get('api-version') !== api)
    return azureError(400, 'NoRegisteredProviderFound', 'the api-version is not supported');
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

/** Whether a lock on a scope or one above it keeps things there from being deleted. */
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
