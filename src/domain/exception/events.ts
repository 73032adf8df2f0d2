import type { EscalationTerms, FirstApprover, Requirement } from '../policy/policy.ts';
import type { ApprovalSignature } from '../signature/approval-signature.ts';
import type { ExceptionEdit, ExceptionFields } from './fields.ts';
import type { ClosedReason } from './status.ts';

/** An RFC 3339 instant in UTC to the millisecond, as payloads hold it. */
type InstantText = string;

/** A statement in an imported file that nobody has verified (INTERFACE, Records). */
export interface Claims {
  readonly status?: string;
  readonly approvals?: readonly unknown[];
}

/**
 * The events of an exception's stream, version 1. Events hold what was decided, deadlines included,
 * so that `evolve` needs neither policy nor clock. A change of shape is a new version with an
 * upcaster, never an edit of one that was released.
 */
export type ExceptionEvent =
  | Event<'ExceptionDrafted', Drafted>
  | Event<'ExceptionEdited', Edited>
  | Event<'ExceptionSubmitted', Submitted>
  | Event<'ChangesRequested', { reason: string }>
  | Event<'ApprovalGiven', ApprovalGiven>
  | Event<'ExceptionApproved', Approved>
  | Event<'ControlsConfirmed', { reason?: string }>
  | Event<
      'ExceptionActivated',
      {
        activated_at: InstantText;
        /** The first of a month on which a decision falls due, in a chain that long. */
        decision_due?: InstantText;
      }
    >
  | Event<'ExceptionExpiring', { due: InstantText }>
  | Event<'ExtensionRequested', ExtensionRequested>
  | Event<'ExtensionApprovalGiven', FilledRole & { change_id: string; reason: string }>
  | Event<
      'ExceptionExtended',
      { change_id: string; expires_at: InstantText; reminders: readonly InstantText[] }
    >
  | Event<'ExtensionRejected', { change_id: string; reason: string }>
  | Event<'PermanenceRequested', ReviewRequested & PermanenceDocuments>
  | Event<'ReviewRequested', ReviewRequested>
  | Event<'ChangeApprovalGiven', FilledRole & { change_id: string; reason: string }>
  | Event<'ChangeRejected', { change_id: string; reason: string }>
  | Event<'PermanenceGranted', NewEnd>
  | Event<'ReviewCompleted', NewEnd>
  | Event<'RiskReassessed', { changes: ExceptionEdit; reason: string }>
  | Event<'ReviewOwed', ReviewOwed>
  | Event<'ReviewSettled', { change_id: string; expires_at: InstantText }>
  | Event<'ReviewFailed', ReviewFailed>
  | Event<'ApprovalEscalated', ApprovalEscalated>
  | Event<'DecisionDemanded', { due: InstantText; decide_by: InstantText }>
  | Event<'RearchitectureRequired', { reason: string }>
  | Event<'RenewalLinked', { renewal_id: string; takes_over_at: InstantText }>
  | Event<'RenewalUnlinked', { renewal_id: string }>
  | Event<'ExceptionExpired', Expired>
  | Event<'RemovalConfirmed', { grants: readonly RemovedGrant[] }>
  | Event<'ExceptionClosed', Closed>
  | Event<'EvidenceAdded', EvidenceAdded>
  | Event<'EvidenceLinkRead', EvidenceLinkRead>
  | Event<'EvidenceLinkNotReached', EvidenceLinkNotReached>
  | Event<
      'ViolationRecorded',
      { impact: 'none' | 'degraded' | 'outage' | 'data'; description: string }
    >
  | Event<'ExceptionArchived', { reason?: string }>;

interface Event<Type extends string, Data> {
  readonly type: Type;
  readonly data: Readonly<Data>;
}

interface Drafted {
  fields: ExceptionFields;
  claims?: Claims;
  renews?: string;
  renewal_number: number;
  first_approvers?: readonly FirstApprover[];
  chain?: ChainMemory;
}

/** What records of a chain hand on to the next, so that no step has to walk the chain. */
export interface ChainMemory {
  /** The justifications of all earlier records, oldest first. */
  readonly justifications: readonly string[];
  /** The lineage keys under which earlier records have stood. */
  readonly keys: readonly string[];
}

interface Edited {
  changes: ExceptionEdit;
  /** The changed fields that alter what is approved. */
  material: readonly string[];
  /** Names of the people whose approvals the edit voided. */
  voided_approvals: readonly string[];
}

interface Submitted {
  requirements: readonly Requirement[];
  /** The digest of the pack that decided it (`sha256:…`); events of before packs had digests hold its id. */
  policy: string;
  statement_digest: string;
  lapses_at: InstantText;
  /** The places that the request takes in its lineage; absent where it has none. */
  places?: readonly string[];
  /** Why it cannot wait, of an emergency. */
  break_glass?: { readonly reason: string };
  /** Absent where it is never escalated. */
  escalation?: EscalationTerms;
}

/** Those who are to approve have not acted; the next above is told. */
interface ApprovalEscalated {
  /** The change that waits; absent where it is the request. */
  change_id?: string;
  /** The role that is told. */
  to: string;
  /** The roles whose approval was lacking. */
  roles: readonly string[];
  waits_since: InstantText;
  due: InstantText;
}

interface ApprovalGiven extends FilledRole {
  reason: string;
  statement_digest: string;
  /** An earlier end than was asked for, as a condition. */
  ends_by?: InstantText;
}

/** The role that an approval fills, and for which consumer. */
interface FilledRole {
  role: string;
  consumer?: string;
  on_behalf_of?: OnBehalf;
  /** What the approver signed with a passkey, and how. */
  signature?: ApprovalSignature;
}

/** Whose role somebody else has filled, and the delegation that let them. */
export interface OnBehalf {
  readonly delegation_id: string;
  readonly id: string;
  readonly name: string;
  readonly email?: string;
}

interface Approved {
  effective_from: InstantText;
  expires_at: InstantText;
  /** The latest end that the policy would have allowed, and the rule that set it. */
  latest_end: InstantText;
  rule: string;
  /** Every reminder before the end; activation skips those that lie before it. */
  reminders: readonly InstantText[];
}

interface ExtensionRequested {
  change_id: string;
  expires_at: InstantText;
  reason: string;
  risk_review: string;
  requirements: readonly Requirement[];
  /** Absent where it is never escalated. */
  escalation?: EscalationTerms;
}

/** A requested permanence or review: the end that it would give, and the risk as assessed for it. */
interface ReviewRequested {
  change_id: string;
  expires_at: InstantText;
  reason: string;
  risk_review: string;
  requirements: readonly Requirement[];
  /** Absent where it is never escalated. */
  escalation?: EscalationTerms;
}

interface ReviewOwed {
  change_id: string;
  kind: 'break-glass' | 'risk-change';
  reason: string;
  by: InstantText;
  /** The record's end until the review is settled. */
  expires_at: InstantText;
  requirements: readonly Requirement[];
  /** Names of the people whose approvals of a change or an earlier review are void. */
  voided_approvals?: readonly string[];
}

/** A review that was owed was missed or went against the record, so that it ends. */
interface ReviewFailed {
  change_id: string;
  cause: 'end-reached' | 'revoked';
  ended_at: InstantText;
  reason: string;
}

/** What stands behind a permanent exception (002, Permanent Exceptions): links. */
export interface PermanenceDocuments {
  readonly business_case: string;
  /** The risk acceptance memo. */
  readonly memo: string;
  /** Where the exception is documented. */
  readonly documented_in: string;
}

interface NewEnd {
  change_id: string;
  expires_at: InstantText;
  reminders: readonly InstantText[];
}

/** A file that shows progress or proof, as the ledger names it; its bytes lie in the file store. */
export interface EvidenceFile {
  /** SHA-256 of its bytes, 64 lower-case hexadecimal digits: the id of the evidence. */
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
  /** The media type that its bytes have, whatever was declared. */
  readonly type: string;
  /** As it was called where it came from; never a path. */
  readonly name: string;
}

interface EvidenceAdded {
  links: readonly string[];
  files?: readonly EvidenceFile[];
  note?: string;
}

/** What lay behind a link of evidence, once its record was archived. */
interface EvidenceLinkRead {
  link: string;
  /** SHA-256 of the body as it was sent, 64 lower-case hexadecimal digits. */
  digest: string;
  /** In bytes. */
  size: number;
  /** The media type that the server gave, with its parameters; absent where it gave none. */
  type?: string;
  /** The HTTP status after the last redirect. */
  status: number;
  read_at: InstantText;
}

interface EvidenceLinkNotReached {
  link: string;
  /** Why, as it was at the last attempt. */
  reason: string;
  /** The HTTP status, where there was an answer. */
  status?: number;
  tried_at: InstantText;
}

/** Evidence for one closure criterion of the remediation plan: either a link, or a file of the record. */
export interface ClosureEvidence {
  readonly criterion: string;
  readonly link?: string | undefined;
  readonly digest?: string | undefined;
}

interface Expired {
  cause: 'end-reached' | 'revoked' | 'closed';
  ended_at: InstantText;
  /** What was said when it was ended early; the closing that follows keeps both. */
  reason?: string;
  evidence?: readonly ClosureEvidence[];
}

/** A grant that is gone, and why that counts: the cloud showed it, a person says so, or another record goes on with it. */
export interface RemovedGrant {
  readonly grant_id: string;
  readonly said_by: 'cloud' | 'person' | 'handed-over';
}

interface Closed {
  reason: ClosedReason;
  note?: string;
  evidence?: readonly ClosureEvidence[];
  /** Who saw that the listed grants are gone, where a person had to say so. */
  removal?: { statement: string; links: readonly string[] };
  archives_at: InstantText;
}

export type ExceptionEventType = ExceptionEvent['type'];
