import { DomainError } from '../errors.ts';
import type { Actor, Role } from './actor.ts';
import { isPermitted, type Permission } from './permissions.ts';

/** Who sends a request: an actor with a role, in one tenant. */
export interface Principal {
  readonly tenantId: string;
  readonly actor: Actor & { readonly role: Role };
}

/** Refuses a principal whose role does not grant the permission. */
export function assertPermitted(principal: Principal, permission: Permission): void {
  const { role } = principal.actor;
  if (isPermitted(role, permission)) return;
  throw new DomainError(
    'not-permitted',
    `the role ${role} may not do this; it takes ${permission}`,
  );
}
