import type { Control } from '../exception/fields.ts';

/** A duration as ISO 8601 text (`P30D`). */
export type DurationText = string;

/** What an approval must bring: so many different people of a role. */
export interface Requirement {
  readonly role: string;
  readonly count: number;
  /** The rule that asks for it, for people who want to know why. */
  readonly rule: string;
}

/**
 * One rule. It applies where everything in `match` holds; every matching rule applies, and for each
 * effect the strictest wins (DESIGN section 1).
 */
export interface PolicyRule {
  readonly id: string;
  /** Document and section that the rule comes from. */
  readonly source: string;
  readonly match: { readonly control?: Control };
  readonly effects: {
    /** Longest time in force, from approval. */
    readonly maximum?: DurationText;
    /** Longest that one extension may add. */
    readonly extension?: DurationText;
    /** Longest time in force with the extension, from approval. */
    readonly total?: DurationText;
    readonly approvals?: readonly { readonly role: string; readonly count: number }[];
  };
}

/** A policy as data: the rules, and the times that hold for every record. */
export interface Policy {
  readonly id: string;
  readonly rules: readonly PolicyRule[];
  /** How long before the end each reminder lies. */
  readonly reminders: readonly DurationText[];
  /** A request that nobody decides lapses after this. */
  readonly undecided_after: DurationText;
  /** A closed record is archived after this. */
  readonly archive_after: DurationText;
}
