import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../../domain/errors.ts';
import type { IdempotentRequest } from './idempotency.ts';

const KEY = /^[\x21-\x7e]{1,200}$/;
/** A longer path would not fit the index; its digest names it as well. */
const PATH_LENGTH = 500;

/** The request's idempotency, where it carries an `Idempotency-Key`; refuses one that is not a token. */
export function idempotencyOf(
  request: FastifyRequest,
  principal: string,
): IdempotentRequest | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw new DomainError(
      'invalid-request',
      'Idempotency-Key must be 1 to 200 printable characters without spaces',
    );
  }
  const { method, url, bodyHash } = request;
  return { principal, method, path: pathKey(url), key, bodyHash };
}

function pathKey(url: string): string {
  if (url.length <= PATH_LENGTH) return url;
  return `sha256:${createHash('sha256').update(url).digest('hex')}`;
}
