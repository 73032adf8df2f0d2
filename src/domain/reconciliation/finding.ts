import type { Placed } from '../enforcement/connector.ts';
import type { GrantSpec } from '../enforcement/grant-spec.ts';
import type { ActorReference } from '../exception/state.ts';
import type { Instant } from '../schedule/instant.ts';

/**
 * What can differ between a cloud and the register (002, Automation Fails to Remove Exception).
 *
 * - `overdue`: past its end, and still there or there again.
 * - `unregistered`: there without an exception.
 * - `missing`: in the register, and not there any more.
 * - `changed`: not as it was approved: its end moved, its scope widened, or people made it themselves.
 * - `out-of-use`: what it applies to is gone, or it was never put in place.
 * - `owner-unknown`: nobody who still works here answers for it.
 */
export const FINDING_KINDS = [
  'overdue',
  'unregistered',
  'missing',
  'changed',
  'out-of-use',
  'owner-unknown',
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** `open` waits for a person; `answered` waits for what was answered to come about, or to end. */
export const FINDING_STATES = ['open', 'answered', 'solved'] as const;
export type FindingStatus = (typeof FINDING_STATES)[number];

/** Who takes away what a finding shows: the grant's own loop, the finding's, or a person. */
export type Remover = 'grant' | 'finding' | 'person';

/** How a removal that was ordered, or that the time limit has brought about, comes along. */
export interface FindingRemoval {
  readonly by: Remover;
  readonly ordered_at: Instant;
  /** A call that has begun and is not answered yet. */
  readonly call?: { readonly call_id: string; readonly at: Instant };
  readonly failed_calls: number;
  /** No call before then. */
  readonly retry_at?: Instant;
  /** The cloud has taken the call; it is looked at from then on. */
  readonly taken?: { readonly look_at: Instant };
  readonly last_failure?: string;
}

/** What a person has decided about a finding. */
export type FindingAnswer = { readonly by: ActorReference; readonly at: Instant } & (
  | { readonly kind: 'adopt'; readonly exception_id: string }
  | { readonly kind: 'remove'; readonly reason: string }
  | { readonly kind: 'accept'; readonly reason: string; readonly until: Instant }
);

/** How a finding came to its end. */
export type SolvedBy = 'compared' | 'seen-gone' | 'registered';

/** One finding as the fold of its events. Instants are epoch milliseconds. */
export interface FindingState {
  readonly finding_id: string;
  readonly kind: FindingKind;
  readonly state: FindingStatus;
  readonly spec: GrantSpec;
  /** What exactly was found, a sentence each, for people. */
  readonly details: readonly string[];
  readonly opened_at: Instant;
  /** Through which connection, and below which scope. */
  readonly connection: string;
  readonly scope: string;
  readonly placed?: Placed;
  readonly created_by?: string;
  /** The record and the grant that it is about; absent where the register has none. */
  readonly exception_id?: string;
  readonly grant_id?: string;
  /** An exception in force allows exactly this access; something else about it is wrong. */
  readonly is_allowed?: true;
  /** Who is to see to it: an address or a name of the record, or a role. */
  readonly owner: string;
  /** By when it is to be answered. */
  readonly due_at: Instant;
  /** The time limit has passed, and this followed. */
  readonly limit?: { readonly at: Instant; readonly led_to: 'task' | 'removal' };
  readonly answer?: FindingAnswer;
  readonly removal?: FindingRemoval;
  readonly solved?: { readonly at: Instant; readonly how: SolvedBy };
}
