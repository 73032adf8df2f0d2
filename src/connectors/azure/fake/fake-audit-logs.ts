import { createHash } from 'node:crypto';
import {
  azureError,
  type FakeAnswer,
  type FakeCall,
  type FakeGround,
  type Happened,
  pageOf,
} from './fake-call.ts';

const ACTIVITY =
  /^\/subscriptions\/([^/]+)\/providers\/microsoft\.insights\/eventtypes\/management\/values$/i;
const DIRECTORY = /^\/v1\.0\/auditLogs\/directoryAudits$/i;
const CLAIMS = 'http://schemas.microsoft.com/identity/claims';
const MEMBER_ADDED = 'Add member to group';
const PAGE = 100;

/** What the directory calls a caller of the fake: people are callers with an at sign. */
export function objectIdOf(caller: string): string {
  return caller.includes('@') ? guid(`object ${caller.toLowerCase()}`) : caller;
}

/** The Activity Log over what the calls have changed, as late as it is set up to be. */
export function fakeActivityLog(call: FakeCall, ground: FakeGround): FakeAnswer | undefined {
  const subscription = ACTIVITY.exec(call.path)?.[1]?.toLowerCase();
  if (subscription === undefined || call.host !== 'management.azure.com') return undefined;
  if (call.query.get('api-version') !== '2015-04-01')
    return azureError(400, 'NoRegisteredProviderFound', 'the api-version is not supported');
  if (!ground.store.get(`subscription:${subscription}`))
    return azureError(404, 'SubscriptionNotFound', 'The subscription could not be found.');
  const stretch = stretchOf(call, 'eventTimestamp');
  if (!stretch) return azureError(400, 'BadRequest', 'The filter clause must have a start time.');
  const provider = /resourceProvider eq '([^']+)'/i.exec(call.query.get('$filter') ?? '')?.[1];
  const lines = ground
    .happened(stretch)
    .filter(({ change }) => {
      const [, of] = /^\/subscriptions\/([^/]+)/i.exec(change.id) ?? [];
      if (of?.toLowerCase() !== subscription) return false;
      const name = change.operation.split('/')[0]?.toLowerCase();
      return provider === undefined || name === provider.toLowerCase();
    })
    // The newest first, so that an operation ends before it begins.
    .toReversed()
    .flatMap((happened) => [
      activityLine(happened, subscription, 'Succeeded'),
      activityLine(happened, subscription, 'Started'),
    ]);
  return pageOf(call, lines, PAGE);
}

function activityLine(
  { at, caller, number, change }: Happened,
  subscriptionId: string,
  status: 'Started' | 'Succeeded',
) {
  const eventDataId = guid(`event ${number} ${status}`);
  const isPerson = caller.includes('@');
  const body = JSON.stringify(change.request);
  return {
    authorization: { action: change.operation, scope: change.id },
    caller,
    channels: 'Operation',
    claims: {
      [`${CLAIMS}/objectidentifier`]: objectIdOf(caller),
      ...(isPerson
        ? { 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn': caller }
        : { appid: caller }),
    },
    correlationId: guid(`operation ${number}`),
    eventDataId,
    eventName: { value: status === 'Started' ? 'BeginRequest' : 'EndRequest' },
    category: { value: 'Administrative', localizedValue: 'Administrative' },
    eventTimestamp: new Date(at).toISOString(),
    id: `${change.id}/events/${eventDataId}/ticks/${at}`,
    level: 'Informational',
    operationName: { value: change.operation, localizedValue: change.operation },
    resourceProviderName: { value: change.operation.split('/')[0] },
    resourceId: change.id,
    status: { value: status, localizedValue: status },
    submissionTimestamp: new Date(at).toISOString(),
    subscriptionId,
    properties: {
      eventCategory: 'Administrative',
      entity: change.id,
      message: change.operation,
      ...(status === 'Started' && body !== undefined ? { requestbody: body } : {}),
    },
  };
}

/** The directory's audits, of members that were added to groups alone. */
export function fakeDirectoryAudits(call: FakeCall, ground: FakeGround): FakeAnswer | undefined {
  if (call.host !== 'graph.microsoft.com' || !DIRECTORY.test(call.path)) return undefined;
  const stretch = stretchOf(call, 'activityDateTime');
  if (!stretch) return azureError(400, 'BadRequest', 'The filter clause must have a start time.');
  const lines = ground
    .happened(stretch)
    .filter(({ change }) => change.operation === MEMBER_ADDED)
    .toReversed()
    .map(directoryLine);
  return pageOf(call, lines, PAGE, '@odata.nextLink');
}

function directoryLine({ at, caller, number, change }: Happened) {
  const [group, member] = change.id.split('/');
  const isPerson = caller.includes('@');
  const modifiedProperties = [
    { displayName: 'Group.ObjectID', oldValue: null, newValue: JSON.stringify(group) },
  ];
  return {
    id: `Directory_${guid(`event ${number}`)}`,
    category: 'GroupManagement',
    correlationId: guid(`operation ${number}`),
    result: 'success',
    activityDisplayName: MEMBER_ADDED,
    activityDateTime: new Date(at).toISOString(),
    operationType: 'Assign',
    initiatedBy: isPerson
      ? { app: null, user: { id: objectIdOf(caller), userPrincipalName: caller } }
      : { app: { appId: caller, servicePrincipalId: caller }, user: null },
    targetResources: [
      { id: member, type: 'User', modifiedProperties },
      { id: group, type: 'Group', modifiedProperties: [] },
    ],
  };
}

/** The subscriptions that are known, 2022-12-01. */
export function fakeSubscriptions(call: FakeCall, { store }: FakeGround): FakeAnswer | undefined {
  if (call.host !== 'management.azure.com' || call.path.toLowerCase() !== '/subscriptions')
    return undefined;
  const found = store.list('subscription:').map(([, value]) => {
    const { id } = value as { id: string };
    return { id: `/subscriptions/${id}`, subscriptionId: id, state: 'Enabled' };
  });
  return pageOf(call, found, PAGE);
}

function stretchOf(call: FakeCall, field: string) {
  const filter = call.query.get('$filter') ?? '';
  const time = (comparison: string) =>
    Date.parse(new RegExp(`${field} ${comparison} '?([^' ]+)'?`, 'i').exec(filter)?.[1] ?? '');
  const [from, to] = [time('ge'), time('le')];
  return Number.isNaN(from) ? undefined : { from, to: Number.isNaN(to) ? Infinity : to };
}

function guid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}
