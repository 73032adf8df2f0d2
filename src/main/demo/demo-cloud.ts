import type { FastifyInstance } from 'fastify';
import type { FakeCloud } from '../../connectors/azure/fake/fake-cloud.ts';

/** The subscriptions of the demonstration's cloud, by what they are called in its records. */
export const SUBSCRIPTIONS = {
  'billing-prod': '3f1c8a52-0b1d-4c1e-9a37-6d1f0c2b7a10',
  'data-prod': '3f1c8a52-0b1d-4c1e-9a37-6d1f0c2b7a11',
  'fin-prod': '3f1c8a52-0b1d-4c1e-9a37-6d1f0c2b7a12',
  'shop-prod': '3f1c8a52-0b1d-4c1e-9a37-6d1f0c2b7a13',
  sandbox: '3f1c8a52-0b1d-4c1e-9a37-6d1f0c2b7a14',
  'acquired-01': '3f1c8a52-0b1d-4c1e-9a37-6d1f0c2b7a15',
} as const;

/** People, guests and services that its directory knows. */
export const PRINCIPALS = {
  okafor: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
  'guest-1182': '7c9e6679-7425-40de-944b-e07fc1f90ae8',
  'svc-scanner': '7c9e6679-7425-40de-944b-e07fc1f90ae9',
  'ca-exclusion-temp': '7c9e6679-7425-40de-944b-e07fc1f90af0',
} as const;

/** Azure's own role definitions. */
export const ROLES = {
  Owner: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
  Contributor: 'b24988ac-6180-42a0-ab88-20f7382dd24c',
} as const;

const DIRECTORY = '5b5f6d1e-2d63-4d0b-8f6e-0d8b6c2f9a01';

/** A resource group that is locked, so that something cannot be taken away. */
const LOCKED = `/subscriptions/${SUBSCRIPTIONS['data-prod']}/resourcegroups/analytics`;

/** A scope of the demonstration's cloud. */
export function scope(subscription: keyof typeof SUBSCRIPTIONS, group?: string): string {
  const root = `/subscriptions/${SUBSCRIPTIONS[subscription]}`;
  return group === undefined ? root : `${root}/resourceGroups/${group}`;
}

/** Puts what the records speak of into the cloud. */
export function fillDemoCloud(cloud: FakeCloud): void {
  for (const id of Object.values(SUBSCRIPTIONS)) cloud.addSubscription(id);
  for (const id of Object.values(PRINCIPALS)) cloud.addPrincipal(id);
  cloud.store.put(`lock:${LOCKED}`, true, 0);
}

/** Lets the demonstration's tenant reach it. */
export async function connectDemoCloud(app: FastifyInstance, token: string): Promise<void> {
  const answer = await app.inject({
    method: 'PUT',
    url: '/v1/connections/azure',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    payload: JSON.stringify({
      ...{ connector: 'azure', cloud: 'simulated', mode: 'manage' },
      directory_id: DIRECTORY,
      subscriptions: Object.values(SUBSCRIPTIONS),
    }),
  });
  if (answer.statusCode !== 200) throw new Error(`the cloud cannot be reached: ${answer.body}`);
}
