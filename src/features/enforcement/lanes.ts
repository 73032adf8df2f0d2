import type { Pace } from '../../domain/enforcement/connector.ts';
import { takesTurns } from '../../domain/enforcement/grant-spec.ts';

/**
 * Longest pause of a lane, in milliseconds. A cloud may ask for hours; each grant waits for as long, and
 * the lane is looked at meanwhile, so that people are told of what is past its end.
 */
const LONGEST_PAUSE = 5 * 60_000;

/** How many calls a lane takes where its connector has not said so yet. */
const UNKNOWN: Pace = { burst: 50, perSecond: 5, atOnce: 10 };

interface Lane {
  pace: Pace;
  tokens: number;
  filledAt: number;
  underWay: number;
  pausedUntil: number;
}

/**
 * Keeps the calls of this process within what each lane takes: a token bucket as the cloud has one, a
 * number of calls at once, and no call while the cloud has asked to wait. Other processes have buckets
 * of their own; where all of them together are too fast, the cloud says so, and each waits.
 */
export class Lanes {
  readonly #now: () => number;
  readonly #lanes = new Map<string, Lane>();

  /** `now` is real time in milliseconds: the cloud's limits go by nothing else. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many calls a lane takes at this moment. */
  room(name: string): number {
    const lane = this.#filled(name);
    if (this.#now() < lane.pausedUntil) return 0;
    return Math.max(0, Math.min(Math.floor(lane.tokens), lane.pace.atOnce - lane.underWay));
  }

  /** Runs a call in its lane; the lane learns its pace from whoever makes the call. */
  async run<T>(name: string, pace: Pace, call: () => Promise<T>): Promise<T> {
    const lane = this.#filled(name);
    if (lane.pace !== pace) {
      // What a lane that is new has not used is there to be used.
      const used = lane.pace.burst - lane.tokens;
      lane.tokens = Math.max(0, pace.burst - used);
      lane.pace = pace;
    }
    lane.tokens -= 1;
    lane.underWay += 1;
    try {
      return await call();
    } finally {
      lane.underWay -= 1;
    }
  }

  /** The cloud has asked to wait, in milliseconds. */
  pause(name: string, milliseconds: number): void {
    const lane = this.#filled(name);
    const until = this.#now() + Math.min(milliseconds, LONGEST_PAUSE);
    lane.pausedUntil = Math.max(lane.pausedUntil, until);
    lane.tokens = Math.min(lane.tokens, lane.pace.perSecond);
  }

  #filled(name: string): Lane {
    const now = this.#now();
    const lane = this.#lanes.get(name) ?? {
      pace: takesTurns(name) ? { ...UNKNOWN, atOnce: 1 } : UNKNOWN,
      tokens: UNKNOWN.burst,
      filledAt: now,
      underWay: 0,
      pausedUntil: 0,
    };
    this.#lanes.set(name, lane);
    const gained = (Math.max(0, now - lane.filledAt) / 1_000) * lane.pace.perSecond;
    lane.tokens = Math.min(lane.pace.burst, lane.tokens + gained);
    lane.filledAt = now;
    // A clock that was set back must not make a pause of minutes one of days.
    lane.pausedUntil = Math.min(lane.pausedUntil, now + LONGEST_PAUSE);
    return lane;
  }
}
