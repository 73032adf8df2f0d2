import { type Actor, isSamePerson } from '../access/actor.ts';
import { type Classification, isCleared } from '../access/clearance.ts';
import type { ActorReference } from '../exception/state.ts';
import type { Instant } from '../schedule/instant.ts';
import { type Delegation, isActive, isPartyOf } from './delegation.ts';

/** Who can approve, and who acts for whom: read beside a record, and given to its decider as data. */
export interface People {
  /** Everybody who can approve, once for each token that opens something. */
  readonly approvers: readonly Approver[];
  /** Delegations that have not ended, the oldest first; some may not have begun. */
  readonly delegations: readonly Delegation[];
}

/** Somebody who can approve what they are cleared for: everything, where nothing is said. */
export interface Approver extends Actor {
  readonly clearance?: Classification;
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

/** Whether somebody may be asked about what is so classified: nothing says that they are not cleared for it. */
export function mayBeAsked(
  person: PersonLike,
  classification: Classification,
  { approvers }: People,
): boolean {
  const known = approvers.filter((approver) => isSamePerson(approver, person));
  const isClearedFor = ({ clearance }: Approver) =>
    clearance === undefined || isCleared(clearance, classification);
  return known.length === 0 || known.some(isClearedFor);
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
