import { type Actor, isSamePerson, rolesOf } from '../access/actor.ts';
import type { Policy, Requirement } from './policy.ts';

/** What a requirement looks at of an approval. */
export interface GivenApproval {
  readonly role: string;
  readonly consumer?: string;
  readonly by: { readonly id: string; readonly email?: string };
  /** The person whose role it was, where somebody acted for them. */
  readonly on_behalf_of?: { readonly id: string; readonly email?: string };
}

/** Requirements that still lack approvals, those of the step that is on alone. */
export function openRequirements(
  requirements: readonly Requirement[],
  approvals: readonly GivenApproval[],
): Requirement[] {
  const open = unmetRequirements(requirements, approvals);
  const step = Math.min(...open.map(stepOf));
  return open.filter((requirement) => stepOf(requirement) === step);
}

/** What still lacks approvals, in every step, each with how many. */
export function unmetRequirements(
  requirements: readonly Requirement[],
  approvals: readonly GivenApproval[],
): Requirement[] {
  return requirements.flatMap((requirement) => {
    const given = approvals.filter((approval) => fills(approval, requirement)).length;
    const count = requirement.count - given;
    return count > 0 ? [{ ...requirement, count }] : [];
  });
}

/** The approvals that filled steps before the one that is on. */
export function approvalsOfEarlierSteps<Approval extends GivenApproval>(
  requirements: readonly Requirement[],
  approvals: readonly Approval[],
): Approval[] {
  const [open] = openRequirements(requirements, approvals);
  if (!open) return [...approvals];
  const earlier = requirements.filter((requirement) => stepOf(requirement) < stepOf(open));
  return approvals.filter((approval) => earlier.some((each) => fills(approval, each)));
}

/** Whether nothing is lacking any more. */
export function isComplete(
  requirements: readonly Requirement[],
  approvals: readonly GivenApproval[],
): boolean {
  return unmetRequirements(requirements, approvals).length === 0;
}

/**
 * Whether somebody may fill a requirement: in their own role or one that the policy lets it stand in
 * for, and as the very person where the requirement names one.
 */
export function canFill(requirement: Requirement, actor: Actor, policy: Policy): boolean {
  return fits(requirement, { person: actor, roles: rolesToFill(policy, actor) });
}

/** Whether a requirement can be filled in one of some roles, which are a person's. */
export function fits(
  { role, person: named }: Requirement,
  { person, roles }: { readonly person: Partial<Person>; readonly roles: readonly string[] },
): boolean {
  return roles.includes(role) && (named === undefined || isSamePerson(named, person));
}

type Person = Pick<Actor, 'id' | 'name' | 'email'>;

/** A requirement in words: the role, and the consumer or the person that it names. */
export function requirementText({
  role,
  count,
  consumer,
  person,
  in_place_of,
  signature,
}: Requirement): string {
  const of = consumer === undefined ? '' : ` of ${consumer}`;
  const named =
    person === undefined ? '' : ` (${person.name}, who approved the first of the chain)`;
  const instead =
    in_place_of === undefined
      ? ''
      : ` (in place of ${in_place_of.name}, who approved the first of the chain as ${in_place_of.role} and has left)`;
  const signed = signature === undefined ? '' : ' (signed with a passkey)';
  return `${count > 1 ? `${count} x ` : ''}${role}${of}${named}${instead}${signed}`;
}

function fills(approval: GivenApproval, { role, consumer, person }: Requirement): boolean {
  return (
    approval.role === role &&
    approval.consumer === consumer &&
    (person === undefined || isSamePerson(person, approval.on_behalf_of ?? approval.by))
  );
}

function stepOf({ step = 1 }: Requirement): number {
  return step;
}

/** The approval roles that somebody may fill, with all of their roles. */
export function rolesToFill(policy: Policy, actor: Pick<Actor, 'role' | 'roles'>): string[] {
  return [...new Set(rolesOf(actor).flatMap((role) => fillableRoles(policy, role)))];
}

/** The approval roles that somebody of a role may fill: their own, and those they may stand in for. */
export function fillableRoles(policy: Policy, role: string): readonly string[] {
  const others = Object.hasOwn(policy.stand_ins, role)
    ? policy.stand_ins[role as keyof Policy['stand_ins']]
    : undefined;
  return [role, ...(others ?? [])];
}
