import {
  azureError,
  type FakeAnswer,
  type FakeCall,
  type FakeGround,
  notAllowed,
  pageOf,
} from './fake-call.ts';
import { isLocked, liesWithin, whatIsMissing } from './fake-scopes.ts';

const EXEMPTIONS = /^(.*?)\/providers\/microsoft\.authorization\/policyexemptions(?:\/([^/]+))?$/i;
const ASSIGNMENTS = /^.*\/providers\/microsoft\.authorization\/policyassignments\/[^/]+$/i;
const OPERATION = 'Microsoft.Authorization/policyExemptions';
const PAGE = 50;
const CATEGORIES: readonly unknown[] = ['Waiver', 'Mitigated'];

interface Properties extends Record<string, unknown> {
  readonly policyAssignmentId: string;
  readonly exemptionCategory: string;
  readonly policyDefinitionReferenceIds?: readonly string[];
  readonly expiresOn?: string;
  readonly displayName?: string;
  readonly description?: string;
}

interface StoredExemption {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly properties: Properties;
  readonly systemData: Readonly<Record<string, string>>;
}

/**
 * Policy exemptions, 2022-07-01-preview, and the assignments they are from, 2025-12-01-preview (put
 * into the store as `policy-assignment:<id>`). An exemption past its end stays where it is.
 */
export function fakePolicyExemptions(call: FakeCall, ground: FakeGround): FakeAnswer | undefined {
  if (call.host !== 'management.azure.com') return undefined;
  if (ASSIGNMENTS.test(call.path)) return assignment(call, ground);
  const match = EXEMPTIONS.exec(call.path);
  if (!match) return undefined;
  const [, scope = '', name] = match;
  const missing = whatIsMissing(call, { scope, api: '2022-07-01-preview' }, ground);
  if (missing) return missing;
  if (name === undefined) return call.method === 'GET' ? list(call, scope, ground) : notAllowed();
  switch (call.method) {
    case 'GET':
      return get(scope, name, ground);
    case 'PUT':
      return put(call, { scope, name }, ground);
    case 'DELETE':
      return remove(call, { scope, name }, ground);
    default:
      return notAllowed();
  }
}

/** Whether somebody is exempt at a scope from an assignment at an instant. */
export function isExempt(
  scope: string,
  assignmentId: string,
  at: number,
  ground: FakeGround,
): boolean {
  return exemptions(ground, at).some(({ id, properties }) => {
    const { policyAssignmentId, expiresOn } = properties;
    const isOver = expiresOn !== undefined && Date.parse(expiresOn) <= at;
    const isFrom = policyAssignmentId.toLowerCase() === assignmentId.toLowerCase();
    return isFrom && !isOver && liesWithin(scope, scopeOf(id), ground);
  });
}

function assignment(call: FakeCall, { store, readAt }: FakeGround): FakeAnswer | undefined {
  if (call.method !== 'GET') return notAllowed();
  if (call.query.get('api-version') !== '2025-12-01-preview')
    return azureError(400, 'NoRegisteredProviderFound', 'the api-version is not supported');
  const found = store.get(`policy-assignment:${call.path.toLowerCase()}`, readAt);
  if (found) return { status: 200, body: found };
  return azureError(404, 'PolicyAssignmentNotFound', 'The policy assignment is not found.');
}

function get(scope: string, name: string, { store, readAt }: FakeGround): FakeAnswer {
  const found = store.get(keyOf(scope, name), readAt);
  if (found) return { status: 200, body: found };
  return azureError(404, 'PolicyExemptionNotFound', `The exemption '${name}' is not found.`);
}

function list(call: FakeCall, scope: string, ground: FakeGround): FakeAnswer {
  const filter = call.query.get('$filter') ?? '';
  const from = /^policyAssignmentId eq '([^']*)'$/i.exec(filter)?.[1]?.toLowerCase();
  const found = exemptions(ground, ground.readAt).filter(({ id, properties }) => {
    const at = scopeOf(id);
    const isAbove = liesWithin(scope, at, ground);
    const isBelow = liesWithin(at, scope, ground);
    if (/^atExactScope\(\)$/i.test(filter)) return isAbove && isBelow;
    if (/^atScope\(\)$/i.test(filter)) return isAbove;
    if (!isAbove && !isBelow) return false;
    if (/^excludeExpired\(\)$/i.test(filter))
      return !(Date.parse(properties.expiresOn ?? '') <= call.at);
    return from === undefined || properties.policyAssignmentId.toLowerCase() === from;
  });
  return pageOf(call, found, PAGE);
}

interface Place {
  readonly scope: string;
  readonly name: string;
}

function put(call: FakeCall, { scope, name }: Place, ground: FakeGround): FakeAnswer {
  const { store, changed } = ground;
  const { properties } = (call.body ?? {}) as { properties?: Properties };
  const wrong = whatIsWrong(properties);
  if (wrong !== undefined || !properties)
    return azureError(400, 'InvalidCreatePolicyExemptionRequest', wrong ?? 'no properties');
  const before = store.get(keyOf(scope, name), call.at) as StoredExemption | undefined;
  const now = new Date(call.at).toISOString();
  const by = {
    lastModifiedBy: call.caller,
    lastModifiedByType: 'Application',
    lastModifiedAt: now,
  };
  const made: StoredExemption = {
    id: `${scope}/providers/Microsoft.Authorization/policyExemptions/${name}`,
    name,
    type: OPERATION,
    // The whole of it is replaced.
    properties,
    systemData: {
      createdBy: call.caller,
      createdByType: 'Application',
      createdAt: now,
      ...before?.systemData,
      ...by,
    },
  };
  store.put(keyOf(scope, name), made, call.at);
  if (JSON.stringify(before?.properties) !== JSON.stringify(properties))
    changed({ operation: `${OPERATION}/write`, id: made.id, request: call.body, response: made });
  return { status: before ? 200 : 201, body: made };
}

function whatIsWrong(properties: Properties | undefined): string | undefined {
  if (!properties?.policyAssignmentId) return 'policyAssignmentId is required';
  const { exemptionCategory, displayName = '', description = '', expiresOn } = properties;
  if (!CATEGORIES.includes(exemptionCategory)) return 'exemptionCategory is not valid';
  if (displayName.length > 128) return 'displayName has more than 128 characters';
  if (description.length > 512) return 'description has more than 512 characters';
  if (expiresOn !== undefined && Number.isNaN(Date.parse(expiresOn))) return 'expiresOn is no date';
  return undefined;
}

function remove(call: FakeCall, { scope, name }: Place, ground: FakeGround): FakeAnswer {
  const { store, changed } = ground;
  const before = store.get(keyOf(scope, name), call.at) as StoredExemption | undefined;
  if (!before) return { status: 204 };
  if (isLocked(scope, ground))
    return azureError(409, 'ScopeLocked', `The scope '${scope}' cannot perform delete operation.`);
  store.put(keyOf(scope, name), undefined, call.at);
  changed({ operation: `${OPERATION}/delete`, id: before.id, response: before });
  return { status: 200 };
}

function exemptions({ store }: FakeGround, at: number): StoredExemption[] {
  return store.list('exemption:', at).map(([, value]) => value as StoredExemption);
}

function scopeOf(id: string): string {
  return EXEMPTIONS.exec(id)?.[1] ?? '';
}

function keyOf(scope: string, name: string): string {
  return `exemption:${scope}/${name}`.toLowerCase();
}
