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
  'token:manage',
  'person:read',
  'person:manage',
  'provider:manage',
  'session:own',
  'session:manage',
  'passkey:move',
  'diagnosis:read',
  'clock:set',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

const EVERYONE: readonly Permission[] = [
  'session:own',
  'exception:read',
  'report:read',
  'policy:read',
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
    'token:manage',
    'person:read',
    'person:manage',
    'provider:manage',
    'session:manage',
    'passkey:move',
    'diagnosis:read',
  ]),
  requestor: new Set<Permission>([...EVERYONE, 'exception:write']),
  approver: DECIDES,
  ...(Object.fromEntries(APPROVAL_ROLES.map((role) => [role, IS_TOLD])) as Record<
    ApprovalRole,
    ReadonlySet<Permission>
  >),
  consumer: DECIDES,
  auditor: new Set<Permission>([...EVERYONE, 'task:read', 'person:read', 'diagnosis:read']),
};

/** Whether a role may do something; a role that is not known may do nothing. */
export function isPermitted(role: Role, permission: Permission): boolean {
  return Object.hasOwn(GRANTED, role) && GRANTED[role].has(permission);
}
