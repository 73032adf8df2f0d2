import {
  azureError,
  type FakeAnswer,
  type FakeCall,
  type FakeGround,
  notAllowed,
  pageOf,
} from './fake-call.ts';
import { liesWithin, whatIsMissing } from './fake-scopes.ts';

const PATH =
  /^(.*?)\/providers\/microsoft\.authorization\/roleassignmentschedule(requests|s)(?:\/([^/]+))?(\/cancel)?$/i;
const TYPE = 'Microsoft.Authorization/roleAssignmentScheduleRequests';
const PAGE = 50;
/** How long a request is worked on, in milliseconds. */
const TAKES = 30_000;
const DUE = 'pim-due';

interface Role {
  readonly scope: string;
  readonly principalId: string;
  readonly roleDefinitionId: string;
}

interface StoredRequest {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly properties: Role & {
    readonly requestType: string;
    readonly status: string;
    readonly scheduleInfo?: {
      readonly expiration?: { readonly type?: string; readonly endDateTime?: string };
    };
  } & Record<string, unknown>;
}

/** Something that happens by itself at an instant. */
interface Due {
  readonly at: number;
  readonly request: string;
  readonly does: 'finish' | 'end';
}

/**
 * PIM for Azure roles, 2020-10-01: requests that are worked on for a while, the schedules that come of
 * them, and their ends. The longest a role may be given for stands in the store as `pim-longest`.
 */
export function fakePim(call: FakeCall, ground: FakeGround): FakeAnswer | undefined {
  if (call.host !== 'management.azure.com') return undefined;
  catchUp(call, ground);
  const match = PATH.exec(call.path);
  if (!match) return undefined;
  const [, scope = '', what, name, cancels] = match;
  const missing = whatIsMissing(call, { scope, api: '2020-10-01' }, ground);
  if (missing) return missing;
  const prefix = what?.toLowerCase() === 's' ? 'pim-schedule:' : 'pim-request:';
  if (name === undefined)
    return call.method === 'GET' ? list(call, { scope, prefix }, ground) : notAllowed();
  if (prefix !== 'pim-request:') return notAllowed();
  const key = `pim-request:${scope}/${name}`.toLowerCase();
  const found = ground.store.get(key, call.method === 'GET' ? ground.readAt : call.at);
  if (cancels && call.method === 'POST') return cancel(call, key, found as StoredRequest, ground);
  if (call.method === 'PUT') return put(call, { scope, name, key }, ground);
  if (call.method !== 'GET') return notAllowed();
  if (found) return { status: 200, body: found };
  return azureError(404, 'RoleAssignmentScheduleRequestNotFound', 'There is no such request.');
}

function list(
  call: FakeCall,
  { scope, prefix }: { readonly scope: string; readonly prefix: string },
  ground: FakeGround,
): FakeAnswer {
  const filter = call.query.get('$filter') ?? '';
  const principal = /principalId eq '?([^']*)'?/i.exec(filter)?.[1]?.toLowerCase();
  const found = ground.store
    .list(prefix, ground.readAt)
    .map(([, value]) => value as StoredRequest)
    .filter(({ properties }) => {
      if (principal !== undefined && properties.principalId.toLowerCase() !== principal)
        return false;
      const { scope: at } = properties;
      return liesWithin(at, scope, ground) || liesWithin(scope, at, ground);
    });
  return pageOf(call, found, PAGE);
}

interface Place {
  readonly scope: string;
  readonly name: string;
  readonly key: string;
}

function put(call: FakeCall, { scope, name, key }: Place, ground: FakeGround): FakeAnswer {
  const { store, changed } = ground;
  const { properties } = (call.body ?? {}) as { properties?: StoredRequest['properties'] };
  if (!properties?.principalId || !properties.roleDefinitionId)
    return azureError(400, 'InvalidRequest', 'The request is not valid.');
  const role = { ...properties, scope };
  const wrong = whatIsWrong(call, role, ground);
  if (wrong) return wrong;
  const isRemoval = properties.requestType === 'AdminRemove';
  const made: StoredRequest = {
    id: `${scope}/providers/${TYPE}/${name}`,
    name,
    type: TYPE,
    properties: {
      ...role,
      principalType: 'User',
      status: isRemoval ? 'PendingRevocation' : 'PendingProvisioning',
      createdOn: new Date(call.at).toISOString(),
      requestorId: call.caller,
    },
  };
  store.put(key, made, call.at);
  plan({ at: call.at + TAKES, request: key, does: 'finish' }, call.at, ground);
  changed({ operation: `${TYPE}/write`, id: made.id, request: call.body, response: made });
  return { status: 201, body: made };
}

function whatIsWrong(
  { at }: FakeCall,
  role: StoredRequest['properties'],
  ground: FakeGround,
): FakeAnswer | undefined {
  const { store } = ground;
  if (!store.get(`principal:${role.principalId.toLowerCase()}`))
    return azureError(400, 'PrincipalNotFound', 'The principal is not in the directory.');
  const isOpen = store.list('pim-request:').some(([, value]) => {
    const { properties } = value as StoredRequest;
    return keyOf(properties) === keyOf(role) && /^Pending/.test(properties.status);
  });
  if (isOpen) return azureError(400, 'PendingRoleAssignmentRequest', 'There is one already.');
  const schedule = store.get(`pim-schedule:${keyOf(role)}`);
  if (role.requestType === 'AdminAssign' && (schedule || assignmentOf(role, ground)))
    return azureError(400, 'RoleAssignmentExists', 'The role assignment already exists.');
  if (role.requestType !== 'AdminAssign' && !schedule)
    return azureError(400, 'RoleAssignmentDoesNotExist', 'The role assignment does not exist.');
  if (role.requestType === 'AdminRemove') return undefined;
  const ends = Date.parse(role.scheduleInfo?.expiration?.endDateTime ?? '');
  const longest = Number(store.get('pim-longest') ?? Number.POSITIVE_INFINITY);
  if (ends > at && ends <= at + longest) return undefined;
  return azureError(
    400,
    'RoleAssignmentRequestPolicyValidationFailed',
    'The following policy rules failed: ["ExpirationRule"]',
  );
}

function cancel(
  { at }: FakeCall,
  key: string,
  found: StoredRequest | undefined,
  { store, changed }: FakeGround,
): FakeAnswer {
  if (!found || !/^Pending/.test(found.properties.status))
    return azureError(400, 'RoleAssignmentRequestCannotBeCancelled', 'It is not pending.');
  store.put(key, withStatus(found, 'Canceled'), at);
  changed({ operation: `${TYPE}/cancel/action`, id: found.id });
  return { status: 200 };
}

function plan(due: Due, at: number, { store }: FakeGround): void {
  store.put(DUE, [...((store.get(DUE) ?? []) as Due[]), due], at);
}

/** Does what has come due by itself since the last call, in its order. */
function catchUp({ at }: FakeCall, ground: FakeGround): void {
  for (;;) {
    const planned = (ground.store.get(DUE) ?? []) as Due[];
    const [next] = planned.filter((one) => one.at <= at).sort((one, other) => one.at - other.at);
    if (!next) return;
    ground.store.put(
      DUE,
      planned.filter((one) => one !== next),
      at,
    );
    (next.does === 'finish' ? finish : end)(next, ground);
  }
}

function finish({ at, request }: Due, ground: FakeGround): void {
  const { store } = ground;
  const found = store.get(request) as StoredRequest;
  if (!/^Pending/.test(found.properties.status)) return;
  const { scope, principalId, roleDefinitionId, requestType, scheduleInfo } = found.properties;
  const role = { scope, principalId, roleDefinitionId };
  if (requestType === 'AdminRemove') {
    take(role, at, ground);
    store.put(request, withStatus(found, 'Revoked'), at);
    return;
  }
  const endDateTime = scheduleInfo?.expiration?.endDateTime ?? '';
  const schedule = {
    id: `${scope}/providers/Microsoft.Authorization/roleAssignmentSchedules/${found.name}`,
    name: found.name,
    properties: { ...role, assignmentType: 'Assigned', memberType: 'Direct', endDateTime },
  };
  store.put(`pim-schedule:${keyOf(role)}`, schedule, at);
  if (!assignmentOf(role, ground)) {
    const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${found.name}`;
    const createdOn = new Date(at).toISOString();
    const made = { id, name: found.name, properties: { ...role, createdOn } };
    store.put(`assignment:${scope}/${found.name}`.toLowerCase(), made, at);
  }
  store.put(request, withStatus(found, 'Provisioned'), at);
  plan({ at: Date.parse(endDateTime), request, does: 'end' }, at, ground);
}

/** The end that PIM itself keeps, unless it was moved. */
function end({ at, request }: Due, ground: FakeGround): void {
  const { properties } = ground.store.get(request) as StoredRequest;
  const schedule = ground.store.get(`pim-schedule:${keyOf(properties)}`) as
    | { readonly properties: { readonly endDateTime: string } }
    | undefined;
  if (schedule && Date.parse(schedule.properties.endDateTime) <= at) take(properties, at, ground);
}

function take(role: Role, at: number, ground: FakeGround): void {
  ground.store.put(`pim-schedule:${keyOf(role)}`, undefined, at);
  const assignment = assignmentOf(role, ground);
  if (assignment !== undefined) ground.store.put(assignment, undefined, at);
}

/** The key of the assignment that gives a role, whoever made it. */
function assignmentOf(role: Role, { store }: FakeGround): string | undefined {
  return store
    .list('assignment:')
    .find(([, value]) => keyOf((value as { properties: Role }).properties) === keyOf(role))?.[0];
}

function withStatus(request: StoredRequest, status: string): StoredRequest {
  return { ...request, properties: { ...request.properties, status } };
}

function keyOf({ scope, principalId, roleDefinitionId }: Role): string {
  return [scope, principalId, roleDefinitionId.split('/').at(-1)].join('/').toLowerCase();
}
