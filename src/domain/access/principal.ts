import { DomainError } from '../errors.ts';
import { type Actor, type Role, rolesOf } from './actor.ts';
import type { Classification } from './clearance.ts';
import { isPermitted, type Permission } from './permissions.ts';

/** Who sends a request: an actor with a role and a clearance, in one tenant. */
export interface Principal {
  readonly tenantId: string;
  readonly actor: Actor & { readonly role: Role };
  /** What of its roles' permissions it may use; all of them where none are named. */
  readonly scopes?: readonly Permission[] | undefined;
  readonly clearance: Classification;
}

/** Whether a role of the principal grants the permission, and its scopes leave it. */
export function isGranted({ actor, scopes }: Principal, permission: Permission): boolean {
  if (scopes && !scopes.includes(permission)) return false;
  return rolesOf(actor).some((role) => isPermitted(role as Role, permission));
}

/** Refuses a principal that is not granted the permission. */
export function assertPermitted(principal: Principal, permission: Permission): void {
  if (isGranted(principal, permission)) return;
  const { actor, scopes } = principal;
  const roles = rolesOf(actor).join(', ');
  const who =
    isGranted({ ...principal, scopes: undefined }, permission) && scopes
      ? `the scopes ${scopes.join(', ')} do not let it`
      : `the role ${roles} may not`;
  throw new DomainError('not-permitted', `${who} do this; it takes ${permission}`);
}
