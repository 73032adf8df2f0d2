import { APPROVAL_ROLES, type ApprovalRole, type Role } from './actor.ts';

/** Everything that a route can ask for. */
export const PERMISSIONS = [
  'exception:read',
  'exception:write',
  'exception:approve',
  'report:read',
  'policy:read',
  'policy:put',
  'ledger:verify',
  'ledger:open-epoch',
  'task:read',
  'task:retry',
  'connection:manage',
  'grant:read',
  'removal:attest',
  'reconciliation:run',
  'finding:answer',
  'alert:read',
  'alert:answer',
  'strike:lift',
  'token:manage',
  'person:read',
  'person:manage',
  'provider:manage',
  'workload:manage',
  'session:own',
  'session:manage',
  'passkey:move',
  'directory:sync',
  'diagnosis:read',
  'audit:read',
  'clock:set',
  'tenant:read',
  'tenant:manage',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** What changes nothing of a tenant, however it is asked for: a suspended one may go on with it. */
const LEAVES_ALL_AS_IT_IS: ReadonlySet<Permission> = new Set<Permission>([
  'exception:read',
  'report:read',
  'policy:read',
  'ledger:verify',
  'task:read',
  'grant:read',
  'alert:read',
  'person:read',
  'session:own',
  'diagnosis:read',
  'clock:set',
  'tenant:read',
]);

/** Whether a permission is one to change something of a tenant. */
export function mayChange(permission: Permission): boolean {
  return !LEAVES_ALL_AS_IT_IS.has(permission);
}

/** What says who may get in, or who may decide: in a session it takes a fresh sign-in (ADR 0042). */
const GIVES_ACCESS: ReadonlySet<Permission> = new Set<Permission>([
  'policy:put',
  'connection:manage',
  'token:manage',
  'person:manage',
  'provider:manage',
  'workload:manage',
  'passkey:move',
  'strike:lift',
  'tenant:manage',
]);

/** Whether a permission is one to say who may get in, or who may decide. */
export function givesAccess(permission: Permission): boolean {
  return GIVES_ACCESS.has(permission);
}

const EVERYONE: readonly Permission[] = [
  'session:own',
  'exception:read',
  'report:read',
  'policy:read',
  'grant:read',
  'ledger:verify',
  'clock:set',
];

const DECIDES: ReadonlySet<Permission> = new Set<Permission>([
  ...EVERYONE,
  'exception:write',
  'exception:approve',
]);

/** What others did not decide, and decisions on chains, come to approval roles as tasks. */
const IS_TOLD: ReadonlySet<Permission> = new Set<Permission>([...DECIDES, 'task:read']);

/** Who answers for what stands in the clouds, besides those who run them. */
const ANSWERS_FOR_CLOUDS: ReadonlySet<ApprovalRole> = new Set<ApprovalRole>([
  'security',
  'ciso',
  'platform-lead',
]);
const ANSWERS_FINDINGS: readonly Permission[] = ['reconciliation:run', 'finding:answer'];
/** Who looks into access that was given past the register, and decides what follows for people. */
const SECURITY: ReadonlySet<ApprovalRole> = new Set<ApprovalRole>(['security', 'ciso']);
const SECURITY_ANSWERS: readonly Permission[] = ['alert:read', 'alert:answer', 'strike:lift'];

function permissionsOf(role: ApprovalRole): ReadonlySet<Permission> {
  return new Set<Permission>([
    ...IS_TOLD,
    ...(ANSWERS_FOR_CLOUDS.has(role) ? ANSWERS_FINDINGS : []),
    ...(SECURITY.has(role) ? SECURITY_ANSWERS : []),
  ]);
}

/**
 * The one table of role x permission. An administrator administers and does not approve, so that
 * whoever hands out tokens cannot decide alone (INTERFACE, Start); an auditor reads all and changes
 * nothing.
 */
const GRANTED: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  administrator: new Set<Permission>([
    ...EVERYONE,
    'exception:write',
    'policy:put',
    'ledger:open-epoch',
    'task:read',
    'task:retry',
    'connection:manage',
    'reconciliation:run',
    'alert:read',
    'token:manage',
    'person:read',
    'person:manage',
    'provider:manage',
    'workload:manage',
    'session:manage',
    'passkey:move',
    'diagnosis:read',
    'audit:read',
  ]),
  requestor: new Set<Permission>([...EVERYONE, 'exception:write']),
  approver: DECIDES,
  ...(Object.fromEntries(APPROVAL_ROLES.map((role) => [role, permissionsOf(role)])) as Record<
    ApprovalRole,
    ReadonlySet<Permission>
  >),
  consumer: DECIDES,
  // Runs the clouds: takes away by hand what could not be taken away otherwise, and says so.
  platform: new Set<Permission>([
    ...EVERYONE,
    'exception:write',
    'task:read',
    'removal:attest',
    ...ANSWERS_FINDINGS,
    'alert:read',
  ]),
  auditor: new Set<Permission>([
    ...EVERYONE,
    'task:read',
    'alert:read',
    'person:read',
    'diagnosis:read',
    'audit:read',
  ]),
  // Its token lies with an identity provider: it opens nothing of the register.
  directory: new Set<Permission>(['directory:sync']),
  // Several tenants, by name and number alone: no content of any.
  operator: new Set<Permission>(['session:own', 'tenant:read', 'tenant:manage']),
};

/** Whether a role may do something; a role that is not known may do nothing. */
export function isPermitted(role: Role, permission: Permission): boolean {
  return Object.hasOwn(GRANTED, role) && GRANTED[role].has(permission);
}
