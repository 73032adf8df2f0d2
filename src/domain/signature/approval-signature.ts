import { canonicalBytes } from '../ledger/canonical.ts';
import { utf8Bytes } from '../ledger/encoding.ts';
import { portableSha256 } from '../ledger/hash.ts';
import { type Assertion, type SignedMessage, signedMessage } from './assertion.ts';
import { decodeBase64url } from './base64url.ts';

/** What an approver says with an approval, whole: what is allowed, until when, as whom, and why. */
export interface ApprovalStatement {
  /** Version of this shape. */
  readonly v: 1;
  readonly tenant_org: string;
  readonly exception_id: string;
  readonly title: string;
  /** `request`, `emergency`, or the kind of the change or review. */
  readonly approves: string;
  readonly change_id?: string;
  /** When the approval was asked for: which of several requests it is. */
  readonly asked_at: string;
  /** Of the material fields as they stand: which revision it is. */
  readonly statement_digest: string;
  /** The end that is approved: it may become earlier, and never later. */
  readonly ends_at: string;
  readonly role: string;
  readonly consumer?: string;
  readonly on_behalf_of?: {
    readonly delegation_id: string;
    readonly id: string;
    readonly name: string;
    readonly email?: string;
  };
  readonly approver: { readonly id: string; readonly name: string; readonly email?: string };
  readonly reason: string;
}

/** A statement and the assertion of a passkey over it. */
export interface ApprovalSignature extends Assertion {
  readonly statement: ApprovalStatement;
  /** What the server added to the challenge, so that no signature can be made ahead; base64url. */
  readonly nonce: string;
  /** When the server checked it, in real time: keys are registered and removed in real time. */
  readonly signed_at: string;
}

const PURPOSE = utf8Bytes('lapse approval v1\n');

/**
 * The challenge that a passkey signs for a statement: `SHA-256(purpose || SHA-256(statement) || nonce)`,
 * the statement in canonical JSON (RFC 8785), the purpose `lapse approval v1` and a line feed.
 */
export function approvalChallenge(statement: ApprovalStatement, nonce: Uint8Array): Uint8Array {
  const digest = portableSha256(canonicalBytes(statement));
  return portableSha256(new Uint8Array([...PURPOSE, ...digest, ...nonce]));
}

/** What a passkey has to have signed for an approval, or what is wrong with what it did sign. */
export function approvalMessage(signature: ApprovalSignature): SignedMessage | string {
  const nonce = decodeBase64url(signature.nonce);
  if (!nonce) return 'the nonce of the challenge is not base64url';
  return signedMessage(signature, approvalChallenge(signature.statement, nonce));
}
