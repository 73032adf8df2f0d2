import type { z } from 'zod';
import type { policyPack } from './policy-pack.ts';

/** A duration as ISO 8601 text (`P30D`). */
export type DurationText = string;

/** What an approval must bring: so many different people of a role. */
export interface Requirement {
  readonly role: string;
  readonly count: number;
  /** The rule that asks for it, for people who want to know why. */
  readonly rule: string;
  /** The rule that asks for the approval to be signed with a passkey; absent where none does. */
  readonly signature?: string;
  /** Steps follow one another; what is in one step is decided in any order. 1 where it is left out. */
  readonly step?: number;
  /** The consumer that signs off, where the role is `consumer`. */
  readonly consumer?: string;
  /** The one person who may fill it: who approved the first record of the chain. */
  readonly person?: PersonKept;
  /** Who approved the first record of the chain and has left, so that this role decides instead. */
  readonly in_place_of?: FirstApprover;
}

/** Who approved the first record of a chain, and in which role. */
export interface FirstApprover extends PersonKept {
  readonly role: string;
}

/** A person as a requirement names them. */
export interface PersonKept {
  readonly id: string;
  readonly name: string;
  readonly email?: string;
}

/**
 * A policy as data: the rules, and the times that hold for every record. Every rule that matches
 * applies, and for each effect the strictest wins (DESIGN section 1).
 */
export type Policy = z.output<typeof policyPack>;
/** One rule: where everything in `match` holds, its effects apply. */
export type PolicyRule = Policy['rules'][number];
/** Proposed field values for one kind of request, and questions for what they leave open. */
export type RequestTemplate = NonNullable<Policy['templates']>[number];
/** A transition that a policy may reserve for roles. */
export type Gate = keyof NonNullable<PolicyRule['effects']['gates']>;

/** Whom it is escalated to, and after how long each, where those who are to approve do not act. */
export interface EscalationTerms {
  readonly after: DurationText;
  readonly to: readonly string[];
}

/** Where a record stands in its chain, and who approved the first of it. */
export interface ChainPlace {
  /** 0 for a first request. */
  readonly renewal_number: number;
  readonly kind: 'time-boxed' | 'permanent';
  readonly first_approvers?: readonly (FirstApprover & HasLeft)[];
}

interface HasLeft {
  /** They can approve nothing any more. */
  readonly left?: boolean;
}

/** The place of a record that renews nothing. */
export const FIRST_OF_CHAIN: ChainPlace = { renewal_number: 0, kind: 'time-boxed' };
