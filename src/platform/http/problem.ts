import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError, type ErrorCode, type FieldError } from '../../domain/errors.ts';

/** The status of every refusal; a code that is missing here does not compile. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  'invalid-record': 422,
  'invalid-request': 400,
  'incomplete-record': 422,
  'end-refused': 422,
  'wrong-state': 409,
  'not-permitted': 403,
  'self-approval': 403,
  'already-approved': 409,
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
  'ledger-diverged': 503,
  'too-large': 413,
  'unsupported-media-type': 415,
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
  readonly request_id?: string;
}

/** More problems than this help nobody, and an attacker could ask for any number. */
const SHOWN_ERRORS = 100;

/** The problem details of a refusal. */
export function problemOf(error: DomainError): Problem {
  const errors = error.errors.slice(0, SHOWN_ERRORS);
  return {
    type: `urn:lapse:problem:${error.code}`,
    title: error.code.replaceAll('-', ' '),
    status: STATUS[error.code],
    detail: error.message,
    code: error.code,
    ...(errors.length > 0 ? { errors } : {}),
  };
}

/** Answers a refusal. */
export function sendProblem(reply: FastifyReply, error: DomainError): FastifyReply {
  const problem = problemOf(error);
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="lapse"');
  if (problem.status === 503) reply.header('retry-after', '2');
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .send({ ...problem, request_id: reply.request.id });
}

interface FrameworkError extends Error {
  readonly statusCode?: number;
  readonly code?: string;
}

/** Whatever went wrong, as an answer: refusals speak for themselves, the rest says nothing of the inside. */
export function handleError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (error instanceof DomainError) return sendProblem(reply, error);
  const known = frameworkRefusal(error as FrameworkError);
  if (known) return sendProblem(reply, known);
  if (isUnreachable(error)) {
    request.log.error({ err: error }, 'the database cannot be reached');
    return sendProblem(
      reply,
      new DomainError('unavailable', 'the database cannot be reached; try again'),
    );
  }
  request.log.error({ err: error }, 'unexpected error');
  const detail = 'something went wrong inside Lapse; the log has it under this request id';
  return reply.code(500).type('application/problem+json').send({
    type: 'about:blank',
    title: 'internal error',
    status: 500,
    detail,
    code: 'internal',
    request_id: request.id,
  });
}

function frameworkRefusal(error: FrameworkError): DomainError | undefined {
  const status = error.statusCode ?? 500;
  if (status === 413)
    return new DomainError('too-large', 'the request body is larger than 1 MB (imports: 50 MB)');
  if (status === 415)
    return new DomainError(
      'unsupported-media-type',
      'send application/json (imports: application/yaml)',
    );
  if (status < 500) return new DomainError('invalid-request', error.message);
  return undefined;
}

const CONNECTION_ERRORS = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ECONNRESET',
  'EPIPE',
  '57P01',
  '57P03',
  '53300',
  '25006',
]);

function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as FrameworkError;
  return (
    CONNECTION_ERRORS.has(code ?? '') ||
    /timeout exceeded|Connection terminated/i.test(error.message)
  );
}
