import type { Status } from '../../domain/exception/status.ts';
import type { Transaction } from '../../platform/db/transaction.ts';

/** A record that somebody answers for. */
export interface Holding {
  readonly exception_id: string;
  readonly status: Status;
  /** Whether they own it, or asked for it and nobody owns it. */
  readonly as: 'owner' | 'requestor';
}

/** How much somebody answers for: requests that are not in force yet, and exceptions. */
export interface HeldCount {
  readonly requests: number;
  readonly exceptions: number;
}

/**
 * The records that somebody answers for, of whom `address` is the SQL of the address and `tenant` that
 * of the tenant: what they own, and what they asked for and nobody owns. What is over is nobody's.
 */
function heldBy(tenant: string, address: string): string {
  return `SELECT e.exception_id, e.status, 'owner' AS "as"
      FROM lapse.exception_owners AS o JOIN lapse.exceptions AS e USING (tenant_id, exception_id)
      WHERE o.tenant_id = ${tenant} AND o.owner = ${address} AND e.status NOT IN ('Closed', 'Archived')
    UNION ALL
    SELECT e.exception_id, e.status, 'requestor' AS "as" FROM lapse.exceptions AS e
      WHERE e.tenant_id = ${tenant} AND e.requestor = ${address} AND e.status NOT IN ('Closed', 'Archived')
        AND NOT EXISTS (SELECT FROM lapse.exception_owners AS o
          WHERE o.tenant_id = e.tenant_id AND o.exception_id = e.exception_id)`;
}

/** {@link heldBy}, counted: `requests` and `exceptions`. */
export function heldCountOf(tenant: string, address: string): string {
  return `SELECT count(*) FILTER (WHERE status IN ('Draft', 'Under-Review', 'Approved'))::int AS requests,
      count(*) FILTER (WHERE status NOT IN ('Draft', 'Under-Review', 'Approved'))::int AS exceptions
    FROM (${heldBy(tenant, address)}) AS held`;
}

/** Records that somebody answers for, in the order of their ids, the newest first. */
export function readHoldings(
  tx: Transaction,
  tenantId: string,
  email: string,
  { after, count }: { readonly after: string | undefined; readonly count: number },
): Promise<Holding[]> {
  return tx.query<Holding & { [column: string]: unknown }>(
    `SELECT * FROM (${heldBy('$1', 'lower($2)')}) AS held
     WHERE $3::text IS NULL OR exception_id < $3 ORDER BY exception_id DESC LIMIT $4`,
    [tenantId, email, after ?? null, count],
  );
}
