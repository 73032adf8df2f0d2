/** Azure Resource Manager's documented limits (reference/azure.md, Throttling). */
export const RESOURCE_MANAGER_LIMITS = {
  read: { burst: 250, perSecond: 25 },
  write: { burst: 200, perSecond: 10 },
  delete: { burst: 200, perSecond: 10 },
} as const;

/** How deep a bucket is, and how fast it fills. */
export interface Limit {
  readonly burst: number;
  readonly perSecond: number;
}

/** Token buckets by name, as Azure has one for each subscription, principal and kind of request. */
export class TokenBuckets {
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  /** Takes a token; where there is none, answers how many whole seconds until there is one. */
  take(name: string, { burst, perSecond }: Limit, now: number): number | undefined {
    const bucket = this.#buckets.get(name) ?? { tokens: burst, at: now };
    const gained = (Math.max(0, now - bucket.at) / 1_000) * perSecond;
    const tokens = Math.min(burst, bucket.tokens + gained);
    if (tokens >= 1) {
      this.#buckets.set(name, { tokens: tokens - 1, at: now });
      return undefined;
    }
    this.#buckets.set(name, { tokens, at: now });
    return Math.max(1, Math.ceil((1 - tokens) / perSecond));
  }
}
