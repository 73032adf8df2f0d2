import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../../domain/errors.ts';

const ETAG = /^(?:W\/)?"(\d{1,10})"$/;

/**
 * The revision that `If-Match` names; `undefined` without the header or with `*`. Refuses a value
 * that no answer of this server can have carried.
 */
export function expectedRevision(request: FastifyRequest): number | undefined {
  const value = request.headers['if-match'];
  if (value === undefined || value === '*') return undefined;
  const match = ETAG.exec(value);
  if (!match) {
    throw new DomainError(
      'stale-revision',
      'If-Match does not name a revision; send the ETag of the record as it was answered',
    );
  }
  return Number(match[1]);
}

/** As `expectedRevision`, for edits: an edit without it could undo what somebody else has written. */
export function requiredRevision(request: FastifyRequest): number {
  const revision = expectedRevision(request);
  if (revision !== undefined) return revision;
  throw new DomainError(
    'revision-required',
    'an edit needs If-Match with the ETag of the record that you read',
  );
}

/** Marks an answer with its revision. */
export function setRevision(reply: FastifyReply, version: number): void {
  reply.header('etag', `"${version}"`);
}
