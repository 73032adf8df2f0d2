import { type Actor, isSamePerson } from '../access/actor.ts';
import type { ActorReference } from '../exception/state.ts';
import type { Instant } from '../schedule/instant.ts';
import { type Delegation, isActive, isPartyOf } from './delegation.ts';

/** Who can approve, and who acts for whom: read beside a record, and given to its decider as data. */
export interface People {
  /** Everybody who can approve, once for each token that opens something. */
  readonly approvers: readonly Actor[];
  /** Delegations that have not ended, the oldest first; some may not have begun. */
  readonly delegations: readonly Delegation[];
}

/** Somebody who may act for another, and until when. */
export interface Delegate extends ActorReference {
  readonly until: Instant;
}

type PersonLike = Partial<ActorReference>;

/** Whether somebody can approve nothing any more: every token of theirs is revoked or over. */
export function hasLeft(person: PersonLike, { approvers }: People): boolean {
  return !approvers.some((approver) => isSamePerson(approver, person));
}

/** Delegations that are active at an instant. */
export function activeDelegations({ delegations }: People, now: Instant): Delegation[] {
  return delegations.filter((delegation) => isActive(delegation, now));
}

/** Whether one of two people acts for the other. Whoever decides for somebody is not a second pair of eyes. */
export function isLinked(
  one: PersonLike,
  other: PersonLike,
  active: readonly Delegation[],
): boolean {
  return active.some(
    (delegation) =>
      isPartyOf(delegation, one) && isPartyOf(delegation, other) && !isSamePerson(one, other),
  );
}
