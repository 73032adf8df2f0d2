import type { ActorReference } from '../exception/state.ts';
import type { Instant } from '../schedule/instant.ts';
import type { Mode, Placed } from './connector.ts';
import type { GrantSpec } from './grant-spec.ts';

/** Where a grant stands. `failed` and `manual` wait for a person, and the loop goes on looking. */
export const GRANT_STATES = [
  'planned',
  'applying',
  'in-place',
  'removing',
  'removed',
  'failed',
  'manual',
] as const;
export type GrantStatus = (typeof GRANT_STATES)[number];

/** Which way a call leads. */
export type Operation = 'apply' | 'remove';

/** Who or what said that a grant stands as it does. */
export type SaidBy = 'cloud' | 'record' | ActorReference;

/** A call that did not do it, as a person who takes over wants to know it. */
export interface FailedCall {
  readonly at: Instant;
  readonly operation: Operation;
  readonly kind: 'retry' | 'refused' | 'unknown' | 'not-seen';
  readonly message: string;
}

/** Removal that a person has to see to (issue: the manual queue). */
export interface RemovalTask {
  readonly task_id: string;
  readonly opened_at: Instant;
  readonly reason: string;
  readonly escalations: readonly { readonly to: string; readonly at: Instant }[];
  readonly ended?: { readonly at: Instant; readonly how: 'attested' | 'seen-gone' | 'handed-over' };
}

/** One grant of one exception as the fold of its events. Instants are epoch milliseconds. */
export interface GrantState {
  readonly grant_id: string;
  readonly exception_id: string;
  readonly spec: GrantSpec;
  readonly status: GrantStatus;
  readonly said_by: SaidBy;
  /** Since when the status is what it is. */
  readonly since: Instant;
  readonly mode: Mode;
  /** The connection that reaches it; absent where there is none. */
  readonly connection?: string;
  /** What stands in the cloud for it, as far as is known. */
  readonly placed?: Placed;
  /** A call that has begun and is not answered yet. */
  readonly call?: {
    readonly call_id: string;
    readonly operation: Operation;
    readonly at: Instant;
  };
  /** The last call that the cloud has taken, while it is not yet read back. */
  readonly taken?: {
    readonly operation: Operation;
    /** When to look for it first, and by when it is to be seen. */
    readonly look_at: Instant;
    readonly seen_by: Instant;
  };
  /** No such call before then: the cloud, or our own patience, asked for it. */
  readonly retry?: { readonly operation: Operation; readonly at: Instant };
  /** Calls in a row that were refused for their number. */
  readonly throttled?: number;
  /** Calls in a row that did not do it, the newest last; at most the last ten. */
  readonly failures: readonly FailedCall[];
  /** How many there were in a row, those that were dropped too. */
  readonly failed_calls: number;
  readonly task?: RemovalTask;
  /** When it was seen there again after it was gone, the last time, and by which alert. */
  readonly again?: { readonly at: Instant; readonly alert_id?: string };
  readonly attested?: {
    readonly by: ActorReference;
    readonly at: Instant;
    readonly statement: string;
    readonly links: readonly string[];
  };
  /** The grant that goes on with the same access, or that this one goes on from. */
  readonly handed_over_to?: string;
  readonly taken_over_from?: string;
}
