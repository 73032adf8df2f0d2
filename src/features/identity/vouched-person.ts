import { PERSON_ROLES, type Role } from '../../domain/access/actor.ts';
import { type Classification, isCleared } from '../../domain/access/clearance.ts';
import type { VouchedClaims } from './oidc-client.ts';
import { detailsOf, type PersonDetails, type PersonState } from './person-events.ts';
import type { ProviderSettings } from './provider-events.ts';

/** Whether roles and clearance come from the provider, at every sign-in, or are set in Lapse. */
function managesRoles({ roles }: ProviderSettings): boolean {
  return Object.keys(roles).length > 0;
}

/** The address that a provider vouches for: it is verified, and of a domain that it speaks for. */
export function vouchedEmail(
  { claims }: Pick<VouchedClaims, 'claims'>,
  { email_domains }: Pick<ProviderSettings, 'email_domains'>,
): string | undefined {
  const { email, email_verified } = claims;
  if (typeof email !== 'string' || email_verified !== true) return undefined;
  const domain = email.slice(email.lastIndexOf('@') + 1).toLowerCase();
  return email_domains.includes(domain) ? email : undefined;
}

/**
 * What a person is after a provider has vouched for them: the name as it says, roles and clearance
 * where it manages them, and otherwise as they were. What the directory keeps stays as it is there.
 */
export function detailsAfter(
  known: PersonState | undefined,
  vouched: VouchedClaims,
  settings: ProviderSettings,
  groupsGiveAccess: boolean,
): PersonDetails {
  if (known?.directory) {
    const isSet = groupsGiveAccess || !managesRoles(settings);
    return { ...detailsOf(known), ...(isSet ? {} : mappedAccess(vouched, settings)) };
  }
  const email = vouchedEmail(vouched, settings) ?? known?.email;
  const { roles, clearance } =
    known && !managesRoles(settings) ? known : mappedAccess(vouched, settings);
  return {
    name: nameOf(vouched) ?? known?.name ?? vouched.subject,
    roles,
    clearance,
    ...(email === undefined ? {} : { email }),
    ...(known?.external_id === undefined ? {} : { external_id: known.external_id }),
  };
}

function mappedAccess(
  { claims }: VouchedClaims,
  { roles_claim, roles, default_roles, clearances, default_clearance }: ProviderSettings,
): { roles: Role[]; clearance: Classification } {
  const values = valuesOf(claims[roles_claim]);
  const given = new Set([
    ...default_roles,
    ...values.flatMap((value) => (Object.hasOwn(roles, value) ? (roles[value] ?? []) : [])),
  ]);
  const cleared = values.flatMap((value) =>
    Object.hasOwn(clearances, value) ? [clearances[value] as Classification] : [],
  );
  const clearance = [default_clearance, ...cleared].reduce((most, one) =>
    isCleared(most, one) ? most : one,
  );
  // In the order of the roles, so that the same groups give the same details.
  return { roles: PERSON_ROLES.filter((role) => given.has(role)), clearance };
}

/** A claim's values: a list of texts, or one text. */
function valuesOf(claim: unknown): string[] {
  const list = Array.isArray(claim) ? claim : [claim];
  return list.filter((value): value is string => typeof value === 'string');
}

function nameOf({ claims: { name, preferred_username } }: VouchedClaims): string | undefined {
  const given = typeof name === 'string' ? name : preferred_username;
  return typeof given === 'string' && given.trim() !== '' ? given.trim().slice(0, 300) : undefined;
}
