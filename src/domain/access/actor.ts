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

/** The roles of a principal; `permissions.ts` says what each may do. */
export const ROLES = [
  'administrator',
  'requestor',
  'approver',
  ...APPROVAL_ROLES,
  'auditor',
] as const;
export type Role = (typeof ROLES)[number];

/**
 * Who gives a command. `id` is opaque and goes into the public ledger, so it holds no personal
 * data; name and e-mail stay in payloads, behind clearance.
 */
export interface Actor {
  readonly id: string;
  readonly name: string;
  readonly email?: string;
  readonly role: Role | 'system';
}

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
