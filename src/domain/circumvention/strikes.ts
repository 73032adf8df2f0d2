import type { Actor } from '../access/actor.ts';
import { DomainError } from '../errors.ts';
import type { ExceptionFields } from '../exception/fields.ts';

/** Controls whose grants are privileged access (002, User Circumvents Expiry). */
export const PRIVILEGED_CONTROLS = ['rbac-tier-0', 'rbac-tier-1', 'conditional-access'] as const;

/** Access that came back after its end, counted on whoever gave it. Instants are RFC 3339 in UTC. */
export interface Strike {
  readonly alert_id: string;
  readonly at: string;
  /** What the cloud calls them. */
  readonly object_id?: string;
}

/** The first strike is a warning, the next one takes privileged access away (002, Remediation). */
const STRIKES_THAT_WARN = 1;

/** Whether somebody has lost privileged access, until security lifts their strikes. */
export function isBarred(strikes: readonly Strike[] = []): boolean {
  return strikes.length > STRIKES_THAT_WARN;
}

/** Somebody who has lost privileged access, by every name that they are known by. */
export interface Barred {
  readonly personId: string;
  readonly name: string;
  readonly email?: string | undefined;
  /** What the cloud calls them. */
  readonly objectIds: readonly string[];
  readonly strikes: readonly Strike[];
}

/** Whether a request is for privileged access. */
export function isPrivileged({ control }: Pick<ExceptionFields, 'control'>): boolean {
  return control !== undefined && (PRIVILEGED_CONTROLS as readonly string[]).includes(control);
}

/** Whether a record is somebody's: they asked for it, or it gives them access. */
function isTheirs(
  { requestor, grants }: Pick<ExceptionFields, 'requestor' | 'grants'>,
  { email, objectIds }: Barred,
): boolean {
  if (email !== undefined && requestor?.email?.toLowerCase() === email.toLowerCase()) return true;
  return (grants ?? []).some(
    ({ subject }) => subject !== undefined && objectIds.includes(subject.trim().toLowerCase()),
  );
}

/** Why privileged access may not be asked for: by, for or in the name of somebody who has lost it. */
export function privilegeRefusal(
  fields: ExceptionFields,
  actor: Actor,
  barred: readonly Barred[] = [],
): DomainError | undefined {
  if (!isPrivileged(fields)) return undefined;
  const found = barred.find(
    (person) =>
      person.personId === actor.id ||
      (person.email !== undefined && person.email.toLowerCase() === actor.email?.toLowerCase()) ||
      isTheirs(fields, person),
  );
  if (!found) return undefined;
  const { name, personId, strikes } = found;
  const alerts = strikes.map(({ alert_id }) => alert_id).join(', ');
  return new DomainError(
    'privileges-lost',
    `${name} has lost privileged access: ended access was given again ${strikes.length} times (${alerts}; 002, User Circumvents Expiry). A request passes once security has lifted the strikes: POST /v1/people/${personId}/lift-strikes`,
    [{ path: 'control', message: `${fields.control} is privileged access` }],
  );
}

/** Why a record ends when whoever it is for has lost privileged access. */
export function revocationReason({ name, strikes }: Barred): string {
  const alerts = strikes.map(({ alert_id }) => alert_id).join(', ');
  return `${name} has lost privileged access: ended access was given again ${strikes.length} times (${alerts})`;
}
