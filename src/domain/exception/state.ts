import type { Actor, SignIn } from '../access/actor.ts';
import type { EscalationTerms, FirstApprover, Requirement } from '../policy/policy.ts';
import type { Instant } from '../schedule/instant.ts';
import type {
  ChainMemory,
  Claims,
  ClosureEvidence,
  EvidenceFile,
  OnBehalf,
  PermanenceDocuments,
  RemovedGrant,
} from './events.ts';
import type { ExceptionFields } from './fields.ts';
import type { ClosedReason, Status } from './status.ts';

/** Who did something, as it was known at that time. */
export type ActorReference = Pick<Actor, 'id' | 'name' | 'email'>;

/** One person's decision on a request or a pending change. */
export interface Approval {
  /** The role that it fills. */
  readonly role: string;
  /** The consumer that signs off. */
  readonly consumer?: string;
  /** An earlier end than was asked for, which the approver made a condition. */
  readonly ends_by?: Instant;
  readonly by: ActorReference;
  /** The person whose role it was, where somebody acted for them. */
  readonly on_behalf_of?: OnBehalf;
  readonly at: Instant;
  readonly reason: string;
  /** How the approver had signed in; a token has no sign-in. */
  readonly signed_in?: SignIn;
  /** The passkey that signed it, by its credential id. */
  readonly passkey?: string;
}

/** What can be asked of a record in force. */
export const CHANGE_KINDS = ['extension', 'permanence', 'review'] as const;

/** That nobody acted, and who was told. */
export interface Escalation {
  /** The role that was told. */
  readonly to: string;
  /** When that was due, and when it was done. */
  readonly due: Instant;
  readonly at: Instant;
  /** Since when the approvals could have been given. */
  readonly waits_since: Instant;
}

/** What is escalated where nobody acts. */
export interface Escalating {
  /** As the policy had it when it was asked for; absent where it is never escalated. */
  readonly escalation?: EscalationTerms;
  /** Oldest first. */
  readonly escalations?: readonly Escalation[];
}

/** A change that was asked for and waits; the record's status stays (INTERFACE, HTTP). */
export interface PendingChange extends Escalating {
  readonly change_id: string;
  readonly kind: (typeof CHANGE_KINDS)[number];
  /** What stands behind a permanence. */
  readonly documents?: PermanenceDocuments;
  /** The end that it would give. */
  readonly expires_at: Instant;
  readonly reason: string;
  readonly risk_review: string;
  readonly requested_by: ActorReference;
  readonly requested_at: Instant;
  readonly requirements: readonly Requirement[];
  readonly approvals: readonly Approval[];
}

/** Why a review can be owed of a record that is in force already. */
export const OWED_KINDS = ['break-glass', 'risk-change'] as const;

/**
 * A review that is owed of a record in force: its approvals are to come by an instant, else it ends by
 * itself. Until then the record's end is that instant, where it is the earlier one.
 */
export interface OwedReview extends ApprovalState {
  readonly change_id: string;
  readonly kind: (typeof OWED_KINDS)[number];
  /** Why it could not wait, or what has changed. */
  readonly reason: string;
  readonly by: Instant;
  /** The end that the record has again once the review is settled. */
  readonly expires_at: Instant;
  readonly requested_by: ActorReference;
  readonly requested_at: Instant;
}

/** A file of evidence, and who added it when. */
export interface EvidenceFileOnRecord extends EvidenceFile {
  readonly added_at: Instant;
  readonly added_by: ActorReference;
}

/**
 * What was found behind a link of evidence after archiving: a digest, or the reason why there is
 * none. Never both.
 */
export interface LinkReading {
  readonly link: string;
  readonly at: Instant;
  /** SHA-256 of the body, in hexadecimal digits. */
  readonly digest?: string;
  /** Of the body, in bytes. */
  readonly size?: number;
  /** The media type, as the server gave it. */
  readonly type?: string;
  /** The HTTP status, where there was an answer. */
  readonly status?: number;
  /** Why it could not be reached. */
  readonly reason?: string;
}

/** One exception as the fold of its events. Instants are epoch milliseconds; JSON as it stands. */
export interface ExceptionState {
  readonly exception_id: string;
  readonly status: Status;
  readonly fields: ExceptionFields;
  readonly created_at: Instant;
  readonly created_by: ActorReference;
  readonly updated_at: Instant;
  readonly claims?: Claims;
  readonly renews?: string;
  readonly renewal_number: number;
  /** Who approved the first record of the chain; absent on that record itself. */
  readonly first_approvers?: readonly FirstApprover[];
  /** What earlier records of the chain hand on; absent on the first. */
  readonly chain?: ChainMemory;
  readonly renewed_by?: { readonly exception_id: string; readonly takes_over_at: Instant };
  readonly request?: Escalating & {
    readonly submitted_at: Instant;
    readonly submitted_by: ActorReference;
    readonly lapses_at: Instant;
    readonly policy: string;
    readonly statement_digest: string;
    /** The places that it takes in its lineage. */
    readonly places?: readonly string[];
    readonly requirements: readonly Requirement[];
    /** Why it cannot wait, of an emergency: one approval puts it in force. */
    readonly break_glass?: { readonly reason: string };
  };
  /** Everyone who wrote what is to be approved: none of them may approve it. */
  readonly contributors: readonly ActorReference[];
  readonly approvals: readonly Approval[];
  readonly approved_at?: Instant;
  readonly effective_from?: Instant;
  readonly expires_at?: Instant;
  readonly original_expires_at?: Instant;
  readonly controls_confirmed?: { readonly by: ActorReference; readonly at: Instant };
  readonly activated_at?: Instant;
  /** Instants of the reminders that are still to come or have passed, earliest first. */
  readonly reminders: readonly Instant[];
  readonly extended_at?: Instant;
  readonly pending_change?: PendingChange;
  /** While one is owed, no change waits besides. */
  readonly owed?: OwedReview;
  /** Permanent since then; its end is its next yearly review. */
  readonly permanence?: PermanenceDocuments & {
    readonly granted_at: Instant;
    readonly reviewed_at?: Instant;
    readonly risk_review: string;
  };
  /** The first of a month on which executive leadership has to decide on the chain. */
  readonly decision_due?: Instant;
  /** The decision that is demanded: permanent, or re-architecture by `decide_by`. */
  readonly decision?: {
    readonly due: Instant;
    readonly decide_by: Instant;
    readonly rearchitecture?: {
      readonly by: ActorReference;
      readonly at: Instant;
      readonly reason: string;
    };
  };
  /** When it stopped being in force, and what closing will carry. */
  readonly ended?: {
    readonly at: Instant;
    readonly reason: ClosedReason;
    readonly note?: string;
    readonly evidence?: readonly ClosureEvidence[];
  };
  /** Nothing of what it granted is in place any more. */
  readonly removal?: {
    readonly at: Instant;
    readonly grants: readonly RemovedGrant[];
  };
  readonly closed?: {
    readonly at: Instant;
    readonly by: ActorReference;
    readonly reason: ClosedReason;
    readonly note?: string;
    readonly evidence: readonly ClosureEvidence[];
    readonly archives_at: Instant;
  };
  readonly archived_at?: Instant;
  /** Each digest once, in the order in which they came. */
  readonly evidence_files?: readonly EvidenceFileOnRecord[];
  /** Each link once; only of what is archived. */
  readonly link_readings?: readonly LinkReading[];
  readonly violations: readonly {
    readonly at: Instant;
    readonly impact: string;
    readonly description: string;
    readonly by: ActorReference;
  }[];
}

/** What stands of the approvals that a request or a change needs. */
export interface ApprovalState {
  readonly requirements: readonly Requirement[];
  readonly approvals: readonly Approval[];
  readonly requested_by?: ActorReference;
}
