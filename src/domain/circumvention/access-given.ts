import type { GrantSpec } from '../enforcement/grant-spec.ts';
import { listAt, textAt } from './any-case.ts';
import { EXEMPTION_WRITTEN, ROLE_ASSIGNED } from './audit-event.ts';

/** The resources that give access below their scope, by the operation that makes one. */
const RESOURCES: Readonly<Record<string, RegExp>> = {
  [ROLE_ASSIGNED]: /^(.*)\/providers\/microsoft\.authorization\/roleassignments\/[^/?#\s]+$/i,
  [EXEMPTION_WRITTEN]: /^(.*)\/providers\/microsoft\.authorization\/policyexemptions\/[^/?#\s]+$/i,
};

/** Whether an operation of Resource Manager, in lower case, gives access. */
export function isGranting(operation: string): boolean {
  return Object.hasOwn(RESOURCES, operation);
}

/** Whether an id is one of what an operation makes: nothing else is asked for in the cloud. */
export function isMadeBy(operation: string, resourceId: string): boolean {
  return RESOURCES[operation]?.test(resourceId) ?? false;
}

/**
 * What a request has given, in the terms of a record; `undefined` where its body does not say all of
 * it. The body may be the request's or the resource's own: both have the same properties.
 */
export function accessGiven(
  operation: string,
  resourceId: string,
  body: unknown,
): GrantSpec | undefined {
  const target = RESOURCES[operation]?.exec(resourceId)?.[1];
  if (target === undefined) return undefined;
  return operation === ROLE_ASSIGNED ? roleGiven(target, body) : exemptionGiven(target, body);
}

function roleGiven(target: string, body: unknown): GrantSpec | undefined {
  const subject = textAt(body, 'properties', 'principalId');
  const permission = textAt(body, 'properties', 'roleDefinitionId')?.split('/').at(-1);
  if (!subject || !permission) return undefined;
  return { kind: 'role-assignment', target, subject, permission };
}

function exemptionGiven(target: string, body: unknown): GrantSpec | undefined {
  const permission = textAt(body, 'properties', 'policyAssignmentId');
  if (!permission) return undefined;
  const references = listAt(body, 'properties', 'policyDefinitionReferenceIds')
    .filter((reference) => typeof reference === 'string')
    .join('&');
  const parameters = { policy_definition_reference_ids: references };
  return {
    ...{ kind: 'policy-exemption', target, permission },
    ...(references === '' ? {} : { parameters }),
  };
}
