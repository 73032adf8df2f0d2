import { azureError, type FakeAnswer, type FakeCall, type FakeGround } from './fake-call.ts';

const PATH =
  /^\/subscriptions\/[^/]+\/providers\/microsoft\.network\/locations\/[^/]+\/operations\/([^/]+)$/i;
/** How long the fake works on a change, in milliseconds. */
const WORKS_FOR = 30_000;

/** A change that goes on after its call was answered. */
export interface LongChange {
  readonly key: string;
  /** The resource while the cloud works on it, and once it is over; `undefined`: gone. */
  readonly meanwhile: unknown;
  readonly after: unknown;
}

/** Begins a change; answers the headers that tell where it can be followed. */
export function beginChange(
  call: FakeCall,
  { store }: FakeGround,
  { key, meanwhile, after }: LongChange,
): Readonly<Record<string, string>> {
  const id = crypto.randomUUID();
  store.put(key, meanwhile, call.at);
  store.put(key, after, call.at + WORKS_FOR);
  store.put(`operation:${id}`, { status: 'InProgress' }, call.at);
  store.put(`operation:${id}`, { status: 'Succeeded' }, call.at + WORKS_FOR);
  const subscription = /^\/subscriptions\/[^/]+/i.exec(call.path)?.[0] ?? '';
  const path = `${subscription}/providers/Microsoft.Network/locations/westeurope/operations/${id}`;
  const url = `https://${call.host}${path}?api-version=2025-05-01`;
  return { 'azure-asyncoperation': url, location: url, 'retry-after': '10' };
}

/** The error of a resource below which a change is under way at this moment. */
export function busyBelow(
  prefix: string,
  call: FakeCall,
  { store }: FakeGround,
): FakeAnswer | undefined {
  const isBusy = store
    .list(prefix, call.at)
    .some(([, value]) => /^(?:Updating|Deleting)$/.test(stateOf(value)));
  if (!isBusy) return undefined;
  const message = 'Another operation on this or a dependent resource is in progress.';
  return azureError(429, 'RetryableErrorDueToAnotherOperation', message);
}

/** Operations of Microsoft.Network, as they are followed. */
export function fakeOperations(call: FakeCall, ground: FakeGround): FakeAnswer | undefined {
  const id = PATH.exec(call.path)?.[1];
  if (id === undefined || call.host !== 'management.azure.com') return undefined;
  const found = ground.store.get(`operation:${id}`, call.at);
  if (found) return { status: 200, body: found };
  return azureError(404, 'NotFound', 'The operation is not known.');
}

function stateOf(value: unknown): string {
  return (
    (value as { properties?: { provisioningState?: string } }).properties?.provisioningState ?? ''
  );
}
