import type { FirstApprover } from '../policy/policy.ts';
import type { ApprovalSignature } from '../signature/approval-signature.ts';
import type {
  ChainMemory,
  Claims,
  ClosureEvidence,
  EvidenceFile,
  PermanenceDocuments,
  RemovedGrant,
} from './events.ts';
import type { ExceptionEdit, ExceptionFields } from './fields.ts';
import type { RiskFacts } from './risk-facts.ts';

/** What people may ask of a record. Each is one row of the state x command table in `decide.ts`. */
export type ExceptionCommand =
  | { type: 'DraftException'; fields: ExceptionFields; claims?: Claims }
  | {
      type: 'DraftRenewal';
      fields: ExceptionFields;
      renews: string;
      renewal_number: number;
      first_approvers: readonly FirstApprover[];
      chain?: ChainMemory;
    }
  | { type: 'EditException'; changes: ExceptionEdit }
  | { type: 'SubmitException'; break_glass?: { reason: string } }
  | { type: 'RequestChanges'; reason: string }
  | { type: 'WithdrawException'; reason?: string }
  | ({ type: 'ApproveException'; reason: string; change?: string } & ApprovalTerms)
  | { type: 'RejectException'; reason: string; change?: string }
  | { type: 'ActivateException'; reason?: string }
  | {
      type: 'RequestExtension';
      change_id: string;
      expires_at: string;
      reason: string;
      risk_review: string;
    }
  | ({ type: 'RequestPermanence' } & ReviewRequest & PermanenceDocuments)
  | ({ type: 'CompleteReview' } & ReviewRequest)
  | ({ type: 'ReassessRisk'; facts: RiskFacts } & ReviewRequest)
  | { type: 'RequireRearchitecture'; reason: string }
  | { type: 'LinkRenewal'; renewal_id: string; takes_over_at: number }
  | { type: 'UnlinkRenewal'; renewal_id: string }
  | { type: 'RevokeException'; reason: string }
  | {
      type: 'CloseException';
      reason?: string;
      evidence: readonly ClosureEvidence[];
      removal?: RemovalStatement;
    }
  | { type: 'ConfirmRemoval'; grants: readonly RemovedGrant[] }
  | { type: 'ArchiveException'; reason?: string }
  | {
      type: 'AddEvidence';
      links?: readonly string[];
      files?: readonly EvidenceFile[];
      note?: string;
    }
  | {
      type: 'RecordViolation';
      impact: 'none' | 'degraded' | 'outage' | 'data';
      description: string;
    };

/** What is said anew of an exception that is to go on: why, and the risk as it is assessed now. */
export interface ReviewRequest {
  readonly change_id: string;
  readonly reason: string;
  readonly risk_review: string;
}

/** As what somebody approves, and until when at most. */
export interface ApprovalTerms {
  /** The role to fill, where somebody may fill several; the first open one when it is left out. */
  readonly role?: string;
  /** The consumer that is signed off for, where several are open. */
  readonly consumer?: string;
  /** Whose role is filled, where somebody acts for another: an e-mail address, or the id of a token. */
  readonly for?: string;
  /** An earlier end than was asked for: an approver may shorten, never lengthen. */
  readonly expires_at?: string;
  /** What the approver has signed with a passkey, and how: checked already. */
  readonly signature?: ApprovalSignature;
}

export type CommandType = ExceptionCommand['type'];

/** A person's word that what was granted is gone, with what shows it (DESIGN section 1, Removal). */
export interface RemovalStatement {
  readonly statement: string;
  readonly links: readonly string[];
}
