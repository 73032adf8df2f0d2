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
  almeida: { name: 'I. Almeida', email: 'ialmeida@example.com', team: 'Security' },
  brandt: { name: 'K. Brandt', email: 'kbrandt@example.com', team: 'Platform' },
  silva: { name: 'T. Silva', email: 'tsilva@example.com', team: 'Data' },
  petrov: { name: 'V. Petrov', email: 'vpetrov@example.com', team: 'Commerce' },
  wren: { name: 'E. Wren', email: 'ewren@example.com', team: 'API' },
  osei: { name: 'D. Osei', email: 'dosei@example.com', team: 'Platform' },
  keller: { name: 'M. Keller', email: 'mkeller@example.com', team: 'Legal' },
  ivanova: { name: 'B. Ivanova', email: 'bivanova@example.com', team: 'ERP' },
  santos: { name: 'G. Santos', email: 'gsantos@example.com', team: 'Mobile' },
  kim: { name: 'Y. Kim', email: 'ykim@example.com', team: 'Partners' },
  laurent: { name: 'F. Laurent', email: 'flaurent@example.com', team: 'Board of operations' },
  duarte: { name: 'O. Duarte', email: 'oduarte@example.com', team: 'Executive board' },
  berg: { name: 'U. Berg', email: 'uberg@example.com', team: 'Risk committee' },
  vasquez: { name: 'L. Vasquez', email: 'lvasquez@example.com', team: 'Platform' },
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
  okoye: 'security',
  almeida: 'ciso',
  brandt: 'domain-owner',
  silva: 'domain-owner',
  petrov: 'domain-owner',
  wren: 'api-owner',
  osei: 'platform-lead',
  keller: 'dpo',
  ivanova: 'consumer',
  santos: 'consumer',
  kim: 'consumer',
  laurent: 'executive-sponsor',
  duarte: 'executive-leadership',
  berg: 'risk-committee',
  vasquez: 'platform',
  haddad: 'auditor',
  admin: 'administrator',
};

/** Who owns the domain that a requestor's exceptions touch. */
export const DOMAIN_OWNER_OF: Readonly<Partial<Record<PersonName, PersonName>>> = {
  rivera: 'brandt',
  okafor: 'brandt',
  lindqvist: 'silva',
  tanaka: 'silva',
  moreau: 'petrov',
};

/** Who signs off for a consumer. */
export const CONSUMERS: Readonly<Record<string, PersonName>> = {
  'erp-sync': 'ivanova',
  'mobile-app': 'santos',
  'partner-hub': 'kim',
};
