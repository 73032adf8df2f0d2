import { DomainError } from '../errors.ts';
import { type Actor, type Role, rolesOf } from './actor.ts';
import type { Classification } from './clearance.ts';
import { isPermitted, type Permission } from './permissions.ts';

/** Who sends a request: an actor with a role and a clearance, in one tenant. */
export interface Principal {
  readonly tenantId: string;
  readonly actor: Actor & { readonly role: Role };
  readonly clearance: Classification;
}

/** Refuses a principal none of whose roles grants the permission. */
export function assertPermitted({ actor }: Principal, permission: Permission): void {
  const roles = rolesOf(actor);
  if (roles.some((role) => isPermitted(role as Role, permission))) return;
  throw new DomainError(
    'not-permitted',
    `the role ${roles.join(', ')} may not do this; it takes ${permission}`,
  );
}
