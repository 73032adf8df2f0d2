import type { Moment } from './invariants.ts';

/** Something that was done: in words without ids, and how much is to be looked at after it. */
export interface Action {
  readonly words: string;
  readonly moment: Moment | undefined;
  /** What follows once nothing moves any more, and before anything is looked at. */
  readonly afterwards?: () => Promise<void>;
}
