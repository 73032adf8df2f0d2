/** The roles of a principal; `roles.ts` says what each may do. */
export const ROLES = ['administrator', 'requestor', 'approver', 'auditor'] as const;
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
  readonly id?: string;
  readonly email?: string;
}
