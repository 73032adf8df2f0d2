import type { Actor } from '../access/actor.ts';
import { isSamePerson } from '../access/actor.ts';
import { classificationOf } from '../access/clearance.ts';
import { endOf } from '../delegation/delegation.ts';
import { activeDelegations, type Delegate, mayBeAsked } from '../delegation/people.ts';
import { fits, rolesToFill } from '../policy/approval-progress.ts';
import type { Requirement } from '../policy/policy.ts';
import { delegatedCapacity, obstacleTo, type Standing } from './approval-standing.ts';
import { awaitedDecision, awaitedRequirements } from './awaited-approvals.ts';
import { actorReference } from './event-reading.ts';
import type { ActorReference, ExceptionState } from './state.ts';

/** Somebody who can fill a requirement, and who may do it for them meanwhile. */
export interface SuggestedApprover extends ActorReference {
  /** Who acts for them: whoever has delegates is away. */
  readonly delegates: readonly Delegate[];
}

/** A requirement that is open, and who can fill it. */
export interface SuggestedApprovers {
  readonly requirement: Requirement;
  /** By name; the first of them. */
  readonly approvers: readonly SuggestedApprover[];
  /** How many more there are. */
  readonly others: number;
}

/** No answer names more people for one requirement. */
const NAMED = 20;

/**
 * Who can fill what waits for a decision: everybody with the role whom nothing stands in the way of, and
 * who is cleared for it (ADR 0035).
 */
export function suggestApprovers(state: ExceptionState, standing: Standing): SuggestedApprovers[] {
  const awaited = awaitedDecision(state);
  if (!awaited) return [];
  const { people = { approvers: [], delegations: [] } } = standing;
  const classification = classificationOf(state.fields);
  const approvers = people.approvers
    .filter((approver) => mayBeAsked(approver, classification, people))
    .sort(byName);
  return awaitedRequirements(state).map((requirement) => {
    const able = new Map<string, Actor>();
    for (const approver of approvers) {
      const own = { person: approver, roles: rolesToFill(standing.policy, approver) };
      const key = approver.email?.toLowerCase() ?? approver.id;
      if (able.has(key) || !fits(requirement, own)) continue;
      if (!obstacleTo(state, awaited, approver, own, requirement.role, standing))
        able.set(key, approver);
    }
    const named = [...able.values()].slice(0, NAMED);
    return {
      requirement,
      approvers: named.map((approver) => ({
        ...actorReference(approver),
        delegates: delegatesFor(approver, state, requirement, standing),
      })),
      others: able.size - named.length,
    };
  });
}

/** Who may fill a requirement for somebody, and until when. */
export function delegatesFor(
  approver: ActorReference,
  state: ExceptionState,
  requirement: Requirement,
  standing: Standing,
): Delegate[] {
  const awaited = awaitedDecision(state);
  const { people } = standing;
  if (!awaited || !people) return [];
  const classification = classificationOf(state.fields);
  return activeDelegations(people, standing.now)
    .filter(
      ({ from, to }) => isSamePerson(from, approver) && mayBeAsked(to, classification, people),
    )
    .filter((delegation) => {
      const capacity = delegatedCapacity(delegation, standing);
      const { to } = delegation;
      return (
        fits(requirement, capacity) &&
        !obstacleTo(state, awaited, to, capacity, requirement.role, standing)
      );
    })
    .map((delegation) => ({ ...delegation.to, until: endOf(delegation) }));
}

function byName(one: Actor, other: Actor): number {
  return one.name < other.name ? -1 : one.name > other.name ? 1 : 0;
}
