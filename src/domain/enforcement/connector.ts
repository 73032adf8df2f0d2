import type { Instant } from '../schedule/instant.ts';
import type { GrantSpec } from './grant-spec.ts';

/** How far Lapse goes in a tenant, by control (docs/guide/enforcement.md). */
export const MODES = ['observe', 'remove', 'manage'] as const;
export type Mode = (typeof MODES)[number];

/** What a connector is asked to bring about, or to look at. */
export interface GrantOrder {
  readonly tenantId: string;
  readonly grantId: string;
  readonly exceptionId: string;
  readonly spec: GrantSpec;
  /** The end that it may have in the cloud itself, as a second lock; epoch milliseconds. */
  readonly endsAt: Instant | undefined;
  readonly ticketId: string | undefined;
  /** Who asked, as the mark in the cloud names them. */
  readonly requestor: string | undefined;
  /** Whether the record's own scope names every address, so that a grant may. */
  readonly everyAddress?: boolean | undefined;
  /** What an earlier call has put in place, as that call answered it. */
  readonly placed: Placed | undefined;
}

/** What stands in the cloud for a grant. JSON, kept in the ledger's payload: never a secret. */
export interface Placed {
  /** As the cloud names it, to be looked at by people. */
  readonly id: string;
  /** Whether it carries Lapse's mark. */
  readonly ours: boolean;
  /**
   * The end that the cloud itself has for it, epoch milliseconds: given only where `apply` moves it.
   * While it is not the record's end, `apply` is called.
   */
  readonly endsAt?: Instant | undefined;
  /** What stood there before and is restored by `remove`; the connector's own. */
  readonly prior?: unknown;
  /** Where the cloud tells how far a call is that it still works on. */
  readonly operation?: string | undefined;
}

/**
 * What came of a call that is to change something.
 *
 * - `done`: the cloud has taken it. What it led to is read back with `observe`.
 * - `pending`: the cloud works on it; `observe` shows when it is there. `retryAfter` says when to look.
 * - `throttled`: refused for their number; nothing happened, and it does not count as an attempt.
 * - `retry`: failed in a way that may pass (5xx, locked, busy, still replicating).
 * - `refused`: will fail again as it stands (403, 400, a missing role).
 * - `gone`: what it applies to is not there any more, so nothing can be in place either.
 * - `unknown`: nobody knows whether it happened (time-out, connection lost).
 */
export type CallOutcome =
  | { readonly kind: 'done'; readonly placed?: Placed | undefined }
  | { readonly kind: 'pending'; readonly placed?: Placed | undefined; readonly retryAfter: number }
  | { readonly kind: 'throttled'; readonly retryAfter: number; readonly message: string }
  | { readonly kind: 'retry'; readonly retryAfter?: number | undefined; readonly message: string }
  | { readonly kind: 'refused' | 'gone' | 'unknown'; readonly message: string };

/** What was seen of a grant. `undecided`: it could not be told, which never counts as gone. */
export type Observation =
  | { readonly kind: 'present'; readonly placed: Placed }
  | { readonly kind: 'absent' }
  | { readonly kind: 'target-gone'; readonly message: string }
  | { readonly kind: 'throttled'; readonly retryAfter: number; readonly message: string }
  | { readonly kind: 'undecided'; readonly message: string };

/** Something that stands in the cloud, as reconciliation compares it with the register. */
export interface CloudGrant {
  /** In the terms of a record: `grantKey(spec)` is what is compared. */
  readonly spec: GrantSpec;
  readonly placed: Placed;
  /** The grant's id in the mark, where it carries one. */
  readonly markedFor?: string | undefined;
  /** Whoever put it there, where the cloud says so. */
  readonly createdBy?: string | undefined;
  readonly createdAt?: Instant | undefined;
  /** People can make it by themselves, past every approval (policy exemptions: `UserSelfServe`). */
  readonly selfService?: boolean | undefined;
}

/**
 * A way to one kind of access (DESIGN section 2, `domain/enforcement`). Every connector and its fake
 * pass one contract (test/connectors). Calls are idempotent, never wait for longer than one request
 * takes, and never throw save for a defect of their own.
 */
export interface Connector {
  /** Affirmative reads in a row until what is read counts: more than one where reads lag behind. */
  readonly readsToConfirm: number;
  /** How many calls a lane takes at once, and how fast; times in milliseconds. */
  readonly pace: Pace;
  /** Puts it in place, or moves the end of what is: the same order twice changes nothing. */
  apply(order: GrantOrder, signal: AbortSignal): Promise<CallOutcome>;
  /** Takes away what `apply` put there and what the order names exactly, and nothing else. */
  remove(order: GrantOrder, signal: AbortSignal): Promise<CallOutcome>;
  /** Reads whether it is there. */
  observe(order: GrantOrder, signal: AbortSignal): Promise<Observation>;
  /** Everything of this kind below a scope (a subscription, a group), page by page. */
  list(scope: string, signal: AbortSignal): AsyncIterable<CloudGrant>;
}

/** A token bucket: `burst` calls at once, `perSecond` after that, at most `atOnce` under way. */
export interface Pace {
  readonly burst: number;
  readonly perSecond: number;
  readonly atOnce: number;
}
