import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError, type ErrorCode, type FieldError } from '../../domain/errors.ts';
import { logRefusal } from './security-event.ts';
import { SignInAgain } from './sign-in-again.ts';

/** The status of every refusal; a code that is missing here does not compile. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  'invalid-record': 422,
  'invalid-request': 400,
  'incomplete-record': 422,
  'end-refused': 422,
  'wrong-state': 409,
  'not-permitted': 403,
  'not-concerned': 403,
  'self-approval': 403,
  'already-approved': 409,
  'privileges-lost': 403,
  'missing-evidence': 422,
  'not-ready': 409,
  'extension-spent': 409,
  'change-pending': 409,
  'no-such-change': 409,
  'not-found': 404,
  'already-exists': 409,
  'stale-revision': 412,
  'revision-required': 428,
  'idempotency-mismatch': 422,
  unauthenticated: 401,
  'sign-in-again': 401,
  'session-required': 403,
  'signature-required': 403,
  'signature-refused': 422,
  'ledger-diverged': 503,
  'tenant-suspended': 403,
  'too-large': 413,
  'import-refused': 422,
  'file-refused': 422,
  'unsupported-media-type': 415,
  'too-many-requests': 429,
  conflict: 409,
  unavailable: 503,
};

/** An error as RFC 9457 problem details, with Lapse's `code` and the fields that are wrong. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly errors?: readonly FieldError[];
  /** How old a sign-in may be, in seconds, where it takes a fresh one. */
  readonly max_age?: number;
  readonly request_id?: string;
}

/** More problems than this help nobody, and an attacker could ask for any number. */
const SHOWN_ERRORS = 100;
/** A file is mended as a whole, and lists no more of its problems than this by itself. */
const SHOWN_IMPORT_ERRORS = 1_000;

/** The problem details of a refusal. */
export function problemOf(error: DomainError): Problem {
  const shown = error.code === 'import-refused' ? SHOWN_IMPORT_ERRORS : SHOWN_ERRORS;
  const errors = error.errors.slice(0, shown);
  return {
    type: `urn:lapse:problem:${error.code}`,
    title: error.code.replaceAll('-', ' '),
    status: STATUS[error.code],
    detail: error.message,
    code: error.code,
    ...(errors.length > 0 ? { errors } : {}),
    ...(error instanceof SignInAgain ? { max_age: error.maxAge } : {}),
  };
}

/** Answers a refusal. */
export function sendProblem(reply: FastifyReply, error: DomainError): FastifyReply {
  return send(reply, problemOf(error));
}

/** Answers that a path is there, but not for this method (RFC 9110 section 15.5.6). */
export function sendMethodNotAllowed(
  reply: FastifyReply,
  allowed: readonly string[],
): FastifyReply {
  const { method } = reply.request;
  return send(reply.header('allow', allowed.join(', ')), {
    type: 'urn:lapse:problem:method-not-allowed',
    title: 'method not allowed',
    status: 405,
    detail: `${method} is not possible here; ${allowed.join(', ')} would pass`,
    code: 'method-not-allowed',
  });
}

/** Sets the headers that a refusal comes with, in whatever form it is answered. */
export function setProblemHeaders(
  reply: FastifyReply,
  { status, code, detail, max_age }: Problem,
): void {
  // RFC 9470, section 3: what was shown is good, and not fresh enough.
  const stepUp =
    max_age === undefined
      ? ''
      : `, error="insufficient_user_authentication", error_description="${detail}", max_age="${max_age}"`;
  if (status === 401) reply.header('www-authenticate', `Bearer realm="lapse"${stepUp}`);
  if (status === 503) reply.header('retry-after', '2');
  reply.request.refusal = code;
}

function send(reply: FastifyReply, problem: Problem): FastifyReply {
  setProblemHeaders(reply, problem);
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .send({ ...problem, request_id: reply.request.id });
}

interface FrameworkError extends Error {
  readonly statusCode?: number;
  readonly code?: string;
}

/** Answers whatever went wrong. */
export function handleError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  return send(reply, problemFor(error, request));
}

/** Whatever went wrong, as a problem: refusals speak for themselves, the rest says nothing of the inside. */
export function problemFor(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof DomainError) {
    logRefusal(request, error);
    return problemOf(error);
  }
  const known = frameworkRefusal(error as FrameworkError);
  if (known) return problemOf(known);
  if (isUnreachable(error)) {
    request.log.error({ err: error }, 'the database is not available');
    return problemOf(new DomainError('unavailable', 'the database is not available; try again'));
  }
  request.log.error({ err: error }, 'unexpected error');
  return {
    type: 'about:blank',
    title: 'internal error',
    status: 500,
    detail: 'something went wrong inside Lapse; the log has it under this request id',
    code: 'internal',
  };
}

function frameworkRefusal(error: FrameworkError): DomainError | undefined {
  const status = error.statusCode ?? 500;
  if (status === 413)
    return new DomainError(
      'too-large',
      'the request body is larger than 1 MB (imports: 50 MB; files of evidence: 25 MB, as multipart/form-data)',
    );
  if (status === 415)
    return new DomainError(
      'unsupported-media-type',
      'send application/json (imports: application/yaml, text/csv or application/x-ndjson)',
    );
  if (status < 500) return new DomainError('invalid-request', error.message);
  return undefined;
}

/** Broken connections; a PostgreSQL that stops, starts, is full, too slow or too busy to be retried. */
const CONNECTION_ERRORS = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ECONNRESET',
  'EPIPE',
  '57P01',
  '57P02',
  '57P03',
  '57014',
  '53300',
  '25006',
  '25P03',
  '40001',
  '40P01',
]);

function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as FrameworkError;
  return (
    CONNECTION_ERRORS.has(code ?? '') ||
    /timeout exceeded|Connection terminated/i.test(error.message)
  );
}
