/**
 * A refusal that a person can act on. `code` is stable and public: the HTTP layer maps it to a
 * status, clients may switch on it. `rule` names the rule that refused and its source, `errors`
 * name the fields, and every message says what would pass.
 */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly code: ErrorCode;
  readonly errors: readonly FieldError[];

  constructor(code: ErrorCode, message: string, errors: readonly FieldError[] = []) {
    super(message);
    this.code = code;
    this.errors = errors;
  }
}

/** One field's problem. `path` is the field in dotted form (`remediation_plan.steps.0.text`). */
export interface FieldError {
  readonly path: string;
  readonly message: string;
  /** Where it stands in the file that it came in: 1-based, columns in UTF-16 code units. */
  readonly line?: number;
  readonly column?: number;
}

/** Every code that Lapse can refuse with; `platform/http/problem.ts` gives each its status. */
export type ErrorCode =
  | 'invalid-record'
  | 'invalid-request'
  | 'incomplete-record'
  | 'end-refused'
  | 'wrong-state'
  | 'not-permitted'
  | 'not-concerned'
  | 'self-approval'
  | 'already-approved'
  | 'privileges-lost'
  | 'missing-evidence'
  | 'not-ready'
  | 'extension-spent'
  | 'change-pending'
  | 'no-such-change'
  | 'not-found'
  | 'already-exists'
  | 'stale-revision'
  | 'revision-required'
  | 'idempotency-mismatch'
  | 'unauthenticated'
  | 'sign-in-again'
  | 'session-required'
  | 'signature-required'
  | 'signature-refused'
  | 'ledger-diverged'
  | 'tenant-suspended'
  | 'too-large'
  | 'import-refused'
  | 'file-refused'
  | 'unsupported-media-type'
  | 'too-many-requests'
  | 'conflict'
  | 'unavailable';
