import { type GrantSpec, grantKey } from '../../src/domain/enforcement/grant-spec.ts';
import type { Random } from './random.ts';

/** Roles that records list, and one that none does. */
const LISTED_ROLES = [
  'acdd72a7-3385-48ef-bd42-f606fba81ae7',
  'b24988ac-6180-42a0-ab88-20f7382dd24c',
] as const;
const BYSTANDERS_ROLE = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';

/** Principals that records name, and one that none does. */
const PRINCIPALS = [1, 2, 3, 4].map((number) => guid(`aaaaaaa${number}`));
const BYSTANDER = guid('aaaaaaa9');

/** A role at a scope for a principal. */
export interface Access {
  readonly target: string;
  readonly subject: string;
  readonly permission: string;
}

/** Who is known to the directory. */
export const DIRECTORY = [...PRINCIPALS, BYSTANDER];

/** The subscriptions of a tenant, by its number from 1. */
export function subscriptionsOf(tenant: number): string[] {
  return [1, 2].map((number) => guid(`1000000${tenant}`, number));
}

/** The resource groups of a tenant that may go, and the subscription above one of them. */
export function groupsOf(tenant: number): string[] {
  const [first, second] = subscriptionsOf(tenant);
  return [
    `/subscriptions/${first}/resourceGroups/shop`,
    `/subscriptions/${second}/resourceGroups/till`,
  ];
}

function scopesOf(tenant: number): string[] {
  return [`/subscriptions/${subscriptionsOf(tenant)[0]}`, ...groupsOf(tenant)];
}

/** Every access at a scope that a record may list. */
export function accessesAt(target: string): Access[] {
  return PRINCIPALS.flatMap((subject) =>
    LISTED_ROLES.map((permission) => ({ target, subject, permission })),
  );
}

/** Assignments that no record lists: of somebody else, or of the same people with another role. */
export function bystandersOf(tenant: number): Access[] {
  return scopesOf(tenant).flatMap((target) => [
    { target, subject: BYSTANDER, permission: LISTED_ROLES[0] },
    ...PRINCIPALS.map((subject) => ({ target, subject, permission: BYSTANDERS_ROLE })),
  ]);
}

/** An access that a record may list. */
export function anyAccess(random: Random, tenant: number): Access {
  return random.pick(accessesAt(random.pick(scopesOf(tenant))));
}

/** Why a record may list a role at a whole subscription. */
export const WIDE = 'what it is for is spread over the whole subscription';

/** What a new record lists: one role assignment, or two. */
export function grantsFor(random: Random, tenant: number): GrantSpec[] {
  const [one, other] = [anyAccess(random, tenant), anyAccess(random, tenant)];
  const isTwo = random.inThousand(300) && keyOfAccess(one) !== keyOfAccess(other);
  return (isTwo ? [one, other] : [one]).map((access) => ({ kind: 'role-assignment', ...access }));
}

/** What tells an access, as grants of records are told. */
export function keyOfAccess(access: Access): string {
  return grantKey({ kind: 'role-assignment', ...access });
}

function guid(start: string, end = 0): string {
  return `${start}-0000-4000-8000-00000000000${end}`;
}
