import type { Transaction } from '../../platform/db/transaction.ts';

/**
 * Of some addresses in lower case, those of nobody who is known to work here: people who have left, and,
 * where a directory keeps the people, whomever it does not know. Without a directory nothing is said of
 * somebody whom Lapse has never heard of: owners need not sign in.
 */
export async function unknownOwners(
  tx: Transaction,
  tenantId: string,
  addresses: readonly string[],
): Promise<ReadonlySet<string>> {
  if (addresses.length === 0) return new Set();
  const rows = await tx.query<{ address: string }>(
    `SELECT a.address FROM unnest($2::text[]) AS a(address)
     LEFT JOIN LATERAL (
       SELECT bool_or(p.active) AS is_active FROM lapse.people p
       WHERE p.tenant_id = $1 AND (p.email = a.address OR p.user_name = a.address)
     ) AS known ON true
     WHERE known.is_active IS FALSE OR known.is_active IS NULL AND EXISTS (
       SELECT FROM lapse.people d WHERE d.tenant_id = $1 AND d.user_name IS NOT NULL)`,
    [tenantId, addresses],
  );
  return new Set(rows.map(({ address }) => address));
}
