import { z } from 'zod';
import { DomainError } from '../errors.ts';
import type { Role } from './actor.ts';
import { isPermitted, PERMISSIONS, type Permission } from './permissions.ts';
import type { Principal } from './principal.ts';

/** Permissions that a credential may use, of those that its role grants. */
export const scopeList = z.array(z.enum(PERMISSIONS)).min(1).max(PERMISSIONS.length);

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
