import type { Role } from '../../domain/access/actor.ts';

/** Whoever acts in the demonstration, each with a token of their own. */
export const PEOPLE = {
  rivera: { name: 'A. Rivera', email: 'arivera@example.com', team: 'Integrations' },
  okafor: { name: 'N. Okafor', email: 'nokafor@example.com', team: 'Platform' },
  lindqvist: { name: 'S. Lindqvist', email: 'slindqvist@example.com', team: 'Data' },
  tanaka: { name: 'H. Tanaka', email: 'htanaka@example.com', team: 'Applied AI' },
  moreau: { name: 'C. Moreau', email: 'cmoreau@example.com', team: 'Commerce' },
  chen: { name: 'J. Chen', email: 'jchen@example.com', team: 'API' },
  okoye: { name: 'L. Okoye', email: 'lokoye@example.com', team: 'Security' },
  haddad: { name: 'R. Haddad', email: 'rhaddad@example.com', team: 'Internal Audit' },
  admin: { name: 'P. Novak', email: 'pnovak@example.com', team: 'Lapse operators' },
} as const;

export type PersonName = keyof typeof PEOPLE;

/** What each of them may do. */
export const ROLE_OF: Readonly<Record<PersonName, Role>> = {
  rivera: 'requestor',
  okafor: 'requestor',
  lindqvist: 'requestor',
  tanaka: 'requestor',
  moreau: 'requestor',
  chen: 'approver',
  okoye: 'approver',
  haddad: 'auditor',
  admin: 'administrator',
};
