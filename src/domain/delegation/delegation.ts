import { type Actor, isSamePerson } from '../access/actor.ts';
import { actorReference, instant } from '../exception/event-reading.ts';
import type { ActorReference } from '../exception/state.ts';
import type { Instant } from '../schedule/instant.ts';

/** What one person has given another to decide for them, and until when. Instants are epoch milliseconds. */
export interface Delegation {
  readonly delegation_id: string;
  /** Whose roles they are. */
  readonly from: ActorReference;
  /** Who may approve in them meanwhile. */
  readonly to: ActorReference;
  readonly roles: readonly string[];
  readonly starts_at: Instant;
  /** The end that it was given with; nothing has to happen for it to end. */
  readonly until: Instant;
  readonly reason: string;
  readonly created_at: Instant;
  /** Ended early. */
  readonly ended?: { readonly at: Instant; readonly by: ActorReference; readonly reason?: string };
}

/** A delegation's life in the ledger, version 1. Times are RFC 3339 texts. */
export type DelegationEvent =
  | {
      readonly type: 'RolesDelegated';
      readonly data: {
        readonly to: ActorReference;
        readonly roles: readonly string[];
        readonly starts_at: string;
        readonly until: string;
        readonly reason: string;
      };
    }
  | { readonly type: 'DelegationEnded'; readonly data: { readonly reason?: string } };

/** Where a delegation stands at an instant. */
export const DELEGATION_STATES = ['planned', 'active', 'ended'] as const;

/** The delegation after one more event. */
export function evolveDelegation(
  state: Delegation | undefined,
  { type, data }: DelegationEvent,
  { streamId, at, actor }: { streamId: string; at: Instant; actor: Actor },
): Delegation {
  if (type === 'RolesDelegated') {
    return {
      delegation_id: streamId,
      from: actorReference(actor),
      ...data,
      starts_at: instant(data.starts_at),
      until: instant(data.until),
      created_at: at,
    };
  }
  if (!state) throw new Error(`delegation ${streamId} begins with ${type}`);
  return { ...state, ended: { at, by: actorReference(actor), ...data } };
}

/** When it ends, or has ended. */
export function endOf({ until, ended }: Delegation): Instant {
  return ended === undefined ? until : Math.min(until, ended.at);
}

/** Whether its roles may be filled by the delegate: from its start, and before its end. */
export function isActive(delegation: Delegation, now: Instant): boolean {
  return delegation.starts_at <= now && now < endOf(delegation);
}

/** Planned, active or ended at an instant. */
export function delegationState(
  delegation: Delegation,
  now: Instant,
): (typeof DELEGATION_STATES)[number] {
  if (now >= endOf(delegation)) return 'ended';
  return isActive(delegation, now) ? 'active' : 'planned';
}

/** Whether a person gave it or has it. */
export function isPartyOf({ from, to }: Delegation, person: Partial<ActorReference>): boolean {
  return isSamePerson(from, person) || isSamePerson(to, person);
}
