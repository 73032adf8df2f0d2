import type { FastifyRequest } from 'fastify';
import { DomainError, type ErrorCode } from '../../domain/errors.ts';

/**
 * What of a refusal makes it an event of security: the names under which the log has it, which never
 * change (ASVS 5.0, 16.3). What changes something is in the ledger instead.
 */
type SecurityEvent =
  | 'authentication-failed'
  | 'permission-refused'
  | 'cross-site-refused'
  | 'dependency-failed';

const EVENTS: Partial<Record<ErrorCode, SecurityEvent>> = {
  unauthenticated: 'authentication-failed',
  'not-permitted': 'permission-refused',
  'not-concerned': 'permission-refused',
  'self-approval': 'permission-refused',
  'privileges-lost': 'permission-refused',
};

/** The refusal of a change that another site may have had a browser send. */
export class CrossSiteRefusal extends DomainError {
  constructor(message: string) {
    super('not-permitted', message);
  }
}

/**
 * Logs a refusal where it is an event of security: which, on what route, with what kind of credential,
 * and from which address; who it was is in the request's log already, where that is known. Never the
 * message, which may name people, nor anything of a credential.
 */
export function logRefusal(request: FastifyRequest, error: DomainError): void {
  const event = eventOf(error);
  if (event === undefined) return;
  const { method, routeOptions, ip } = request;
  request.log.warn(
    {
      event,
      method,
      route: routeOptions.url,
      credential: credentialOf(request),
      address: ip,
      // What was wrong with the answer of a provider, or why there was none.
      ...(error.cause === undefined ? {} : { err: error.cause }),
    },
    'a request was refused',
  );
}

function eventOf(error: DomainError): SecurityEvent | undefined {
  if (error instanceof CrossSiteRefusal) return 'cross-site-refused';
  // Without a cause it is Lapse itself that has no room for more.
  if (error.code === 'unavailable') return error.cause ? 'dependency-failed' : undefined;
  return EVENTS[error.code];
}

function credentialOf({ headers }: FastifyRequest): 'token' | 'cookie' | 'none' {
  if (headers.authorization !== undefined) return 'token';
  return headers.cookie === undefined ? 'none' : 'cookie';
}
