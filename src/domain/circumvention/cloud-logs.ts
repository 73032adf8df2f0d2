import type { Instant } from '../schedule/instant.ts';

/** A stretch of a log, in the cloud's time; `to` is included. */
export interface Stretch {
  readonly from: Instant;
  readonly to: Instant;
}

/**
 * The audit logs of a cloud, as lines that nobody has read yet, page by page. Each throws where it has
 * no answer, with a {@link Unreadable} where the cloud has said when to ask again.
 */
export interface CloudLogs {
  /** What the cloud calls Lapse, in lower case: object id and application. */
  ownIds(signal: AbortSignal): Promise<readonly string[]>;
  /** The subscriptions that the credential reaches. */
  subscriptions(signal: AbortSignal): AsyncIterable<readonly string[]>;
  /** What was done to access in a subscription. */
  activity(
    subscription: string,
    stretch: Stretch,
    signal: AbortSignal,
  ): AsyncIterable<readonly unknown[]>;
  /** What was done to the members of groups. */
  memberships(stretch: Stretch, signal: AbortSignal): AsyncIterable<readonly unknown[]>;
  /** What stands at a resource's id now; `undefined` where nothing does. */
  resource(resourceId: string, signal: AbortSignal): Promise<unknown>;
}

/** A log, or a resource, that could not be read. */
export class Unreadable extends Error {
  /** How long to wait, in milliseconds, where the cloud has said so. */
  readonly retryAfter: number | undefined;

  constructor(message: string, retryAfter?: number) {
    super(message);
    this.retryAfter = retryAfter;
  }
}
