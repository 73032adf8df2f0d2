import { DomainError } from '../../domain/errors.ts';
import type { Transaction } from '../db/transaction.ts';

/** One request that may be sent again: who sends it, where to, its key, and what it holds. */
export interface IdempotentRequest {
  readonly principal: string;
  readonly method: string;
  readonly path: string;
  readonly key: string;
  /** SHA-256 of the request's body. */
  readonly bodyHash: Uint8Array;
}

/** Where the answer to a request can be found again; never the answer itself, and never a secret. */
export interface ResultReference {
  readonly type: string;
  readonly id: string;
  /** The stream's version that the request answered with. */
  readonly version: number;
}

/** What was answered before under the same key. */
export interface RememberedResult {
  readonly status: number;
  readonly reference: ResultReference;
  /** The domain's time of that answer. */
  readonly at: number;
}

/**
 * The answer that a request with this key had before, or `undefined` for a new one. Refuses a key
 * that comes back with another body. Send it together with the first query of the command.
 */
export async function recall(
  tx: Transaction,
  tenantId: string,
  request: IdempotentRequest | undefined,
): Promise<RememberedResult | undefined> {
  if (!request) return undefined;
  const [row] = await tx.query<{
    body_hash: Buffer;
    status: number;
    result: ResultReference;
    created_at: Date;
  }>(
    `SELECT body_hash, status, result, created_at FROM lapse.idempotency
     WHERE tenant_id = $1 AND principal = $2 AND method = $3 AND path = $4 AND key = $5`,
    [tenantId, request.principal, request.method, request.path, request.key],
  );
  if (!row) return undefined;
  if (!row.body_hash.equals(request.bodyHash)) {
    throw new DomainError(
      'idempotency-mismatch',
      'this Idempotency-Key came with another body before; send a new key for a new request',
    );
  }
  return { status: row.status, reference: row.result, at: row.created_at.getTime() };
}

/** Remembers the answer, in the command's own transaction. */
export function remember(
  tx: Transaction,
  tenantId: string,
  request: IdempotentRequest | undefined,
  { status, reference, at }: RememberedResult,
): void {
  if (!request) return;
  tx.atCommit(
    `INSERT INTO lapse.idempotency (tenant_id, principal, method, path, key, body_hash, status, result, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, to_timestamp($9::double precision / 1000))`,
    [
      tenantId,
      request.principal,
      request.method,
      request.path,
      request.key,
      request.bodyHash,
      status,
      JSON.stringify(reference),
      at,
    ],
  );
}
