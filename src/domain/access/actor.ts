/**
 * The roles that an approval matrix names (000 sections 1, 2 and 6; 002, Renewal Limits): each
 * answers for something that a request may touch.
 */
export const APPROVAL_ROLES = [
  'domain-owner',
  'api-owner',
  'security',
  'ciso',
  'dpo',
  'consumer',
  'platform-lead',
  'executive-sponsor',
  'executive-leadership',
  'risk-committee',
] as const;
export type ApprovalRole = (typeof APPROVAL_ROLES)[number];

/** The roles that a person may have. */
export const PERSON_ROLES = [
  'administrator',
  'requestor',
  'approver',
  ...APPROVAL_ROLES,
  'platform',
  'auditor',
] as const;

/**
/**
 * The roles that an administrator hands out; `permissions.ts` says what each may do. A directory,
 * which provisions people and groups (RFC 7644), is no person.
 */
export const ROLES = [...PERSON_ROLES, 'directory'] as const;

/**
 * Every role of a principal. An operator's token is made on the server's own machine alone: whoever
 * could hand it out would rule over all tenants.
 */
export const ALL_ROLES = [...ROLES, 'operator'] as const;
export type Role = (typeof ALL_ROLES)[number];

/**
 * Who gives a command. `id` is opaque and goes into the public ledger, so it holds no personal
 * data; name and e-mail stay in payloads, behind clearance.
 */
export interface Actor {
  readonly id: string;
  readonly name: string;
  readonly email?: string;
  readonly role: Role | 'system';
  /** All roles of somebody who has several; `role` is the first of them. */
  readonly roles?: readonly Role[];
  /** How a person or a workload signed in; a token has none (000 section 4, signer identity). */
  readonly signed_in?: SignIn;
}

/** What stands behind a session or a workload: an issuer's word for a subject, or a one-time link. */
export interface SignIn {
  readonly method: 'oidc' | 'link' | 'workload';
  readonly issuer?: string;
  readonly subject?: string;
}

/** Every role of an actor. */
export function rolesOf({ role, roles }: Pick<Actor, 'role' | 'roles'>): readonly Actor['role'][] {
  return roles ?? [role];
}

/** Who acts where somebody has the server's own machine in hand. */
export const OPERATOR: Actor = {
  id: 'system:operator',
  name: "The server's operator",
  role: 'system',
};

/** The actor of transitions that time alone brings about. */
export const CLOCK: Actor = { id: 'system:clock', name: 'Lapse', role: 'system' };

/** Whether two actors are one person: the same principal, or the same e-mail address. */
export function isSamePerson(a: PersonReference, b: PersonReference): boolean {
  if (a.id !== undefined && a.id === b.id) return true;
  return a.email !== undefined && a.email.toLowerCase() === b.email?.toLowerCase();
}

interface PersonReference {
  readonly id?: string | undefined;
  readonly email?: string | undefined;
}
