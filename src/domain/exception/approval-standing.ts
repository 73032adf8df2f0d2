import { type Actor, isSamePerson } from '../access/actor.ts';
import type { Delegation } from '../delegation/delegation.ts';
import { activeDelegations, isLinked, type People } from '../delegation/people.ts';
import { fillableRoles, fits, rolesToFill } from '../policy/approval-progress.ts';
import type { Policy, Requirement } from '../policy/policy.ts';
import type { Instant } from '../schedule/instant.ts';
import { awaitedDecision, awaitedRequirements, requestorsOf } from './awaited-approvals.ts';
import type { CommandType } from './commands.ts';
import type { ActorReference, Approval, ApprovalState, ExceptionState } from './state.ts';

/** What tells who may approve: the pack, the time, and who acts for whom. */
export interface Standing {
  readonly now: Instant;
  readonly policy: Policy;
  /** Left out where nobody acts for anybody. */
  readonly people?: People | undefined;
}

/** As whom somebody may approve: as themselves, or for a person who has delegated roles to them. */
export interface Capacity {
  /** Whose roles they are. */
  readonly person: ActorReference;
  /** The roles that may be filled. */
  readonly roles: readonly string[];
  /** What lets somebody act for that person. */
  readonly delegation?: Delegation;
}

/** Why somebody may not approve, whatever their roles are. */
export type Obstacle = 'requestor' | 'requestors-delegate' | 'already-approved' | 'same-role';

const NOBODY: People = { approvers: [], delegations: [] };

/** Everything that somebody may approve as at this time, themselves first. */
export function capacitiesOf(actor: Actor, standing: Standing): Capacity[] {
  const { now, policy, people = NOBODY } = standing;
  const delegated = activeDelegations(people, now)
    .filter(({ to }) => isSamePerson(to, actor))
    .map((delegation) => delegatedCapacity(delegation, standing));
  return [{ person: actor, roles: rolesToFill(policy, actor) }, ...delegated];
}

/** What a delegation lets its delegate fill: what it names, and no more than its giver still has. */
export function delegatedCapacity(
  delegation: Delegation,
  { policy, people = NOBODY }: Standing,
): Capacity {
  const { from } = delegation;
  const held = people.approvers
    .filter((approver) => isSamePerson(approver, from))
    .flatMap(({ role }) => fillableRoles(policy, role));
  const roles = delegation.roles.flatMap((role) => fillableRoles(policy, role));
  return { person: from, roles: roles.filter((role) => held.includes(role)), delegation };
}

/**
 * What stands between somebody and an approval. Nobody approves what they requested, and a requestor's
 * delegate is a requestor too, as is whoever the requestor acts for; one person fills one role for a
 * record, by themselves or through a delegate; of two people who act for one another one fills a role.
 */
export function obstacleTo(
  state: ExceptionState,
  { approvals }: ApprovalState,
  actor: ActorReference,
  { person, delegation }: Capacity,
  role: string | undefined,
  { now, people = NOBODY }: Standing,
): Obstacle | undefined {
  const involved = delegation ? [actor, person] : [actor];
  const active = activeDelegations(people, now);
  const requestors = requestorsOf(state);
  const some = (others: readonly PersonLike[], matches: Matches) =>
    involved.some((one) => others.some((other) => matches(one, other, active)));
  if (some(requestors, isSamePerson)) return 'requestor';
  if (some(requestors, isLinked)) return 'requestors-delegate';
  if (some(approvals.flatMap(approvedBy), isSamePerson)) return 'already-approved';
  const inRole = approvals.filter((given) => given.role === role);
  return some(inRole.flatMap(approvedBy), isLinked) ? 'same-role' : undefined;
}

/** What of a record waits for somebody: the requirements that they may fill next, and as whom. */
export function waitsFor(
  state: ExceptionState,
  actor: Actor,
  standing: Standing,
): { readonly requirement: Requirement; readonly capacity: Capacity }[] {
  const awaited = awaitedDecision(state);
  if (!awaited) return [];
  const capacities = capacitiesOf(actor, standing);
  return awaitedRequirements(state).flatMap((requirement) => {
    const capacity = capacities.find(
      (each) =>
        fits(requirement, each) &&
        !obstacleTo(state, awaited, actor, each, requirement.role, standing),
    );
    return capacity ? [{ requirement, capacity }] : [];
  });
}

type PersonLike = Partial<ActorReference>;
type Matches = (one: PersonLike, other: PersonLike, active: readonly Delegation[]) => boolean;

/** Everybody who stands behind an approval: who gave it, and for whom. */
function approvedBy({ by, on_behalf_of }: Approval): PersonLike[] {
  return on_behalf_of ? [by, on_behalf_of] : [by];
}

/**
 * Whether it bears on a command who can approve, and for whom: it is an approval, or asks for some.
 * `state` is the record that it is for, where there is one.
 */
export function peopleMatter(type: CommandType, state?: ExceptionState): boolean {
  // An edit of a request asks for all approvals anew.
  if (type === 'EditException') return state?.request !== undefined;
  return ASKING.includes(type);
}

const ASKING: readonly CommandType[] = [
  'SubmitException',
  'ApproveException',
  'RequestExtension',
  'RequestPermanence',
  'CompleteReview',
];
