import { DomainError } from '../errors.ts';
import { type Actor, type Role, rolesOf } from './actor.ts';
import { isPermitted, PERMISSIONS, type Permission } from './permissions.ts';

/** Who sends a request: an actor with a role, in one tenant. */
export interface Principal {
  readonly tenantId: string;
  readonly actor: Actor & { readonly role: Role };
  /** What of its roles' permissions it may use; all of them where none are named. */
  readonly scopes?: readonly Permission[] | undefined;
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

/**
 * Refuses scopes for a new credential that its role does not grant, and those that whoever makes it
 * lacks: a credential of few scopes must not make itself one of more.
 */
export function assertScopes(
  giver: Principal,
  role: Role,
  scopes: readonly Permission[] | undefined,
): void {
  const beyond = (scopes ?? []).flatMap((scope, index) =>
    isPermitted(role, scope)
      ? []
      : [{ path: `scopes.${index}`, message: `the role ${role} does not grant ${scope}` }],
  );
  const [first] = beyond;
  if (first) {
    const granted = PERMISSIONS.filter((permission) => isPermitted(role, permission)).join(', ');
    const passes = `of these any would pass: ${granted}`;
    throw new DomainError('invalid-record', `${first.message}; ${passes}`, beyond);
  }
  const { scopes: own } = giver;
  if (!own || scopes?.every((scope) => own.includes(scope))) return;
  throw new DomainError(
    'not-permitted',
    `who has the scopes ${own.join(', ')} alone can give no others; name some of them`,
  );
}
