import type { Transaction } from '../../platform/db/transaction.ts';

/** The records that were imported under any of the keys, by key; null for one that is not shown. */
export async function findImported(
  tx: Transaction,
  tenantId: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  const rows = await tx.query<{ import_key: string; exception_id: string | null }>(
    `SELECT used.import_key, k.exception_id FROM lapse.used_import_keys($2) AS used (import_key)
     LEFT JOIN lapse.import_keys k ON k.tenant_id = $1 AND k.import_key = used.import_key`,
    [tenantId, [...keys]],
  );
  return new Map(rows.map((row) => [row.import_key, row.exception_id]));
}

/**
 * Queues the keys of imported records. Another import that writes one of them at the same time
 * makes this transaction run again, when it finds the other's records.
 */
export function queueImported(
  tx: Transaction,
  tenantId: string,
  imported: readonly { readonly key: string; readonly exceptionId: string }[],
): void {
  if (imported.length === 0) return;
  tx.atCommit(
    `INSERT INTO lapse.import_keys (tenant_id, import_key, exception_id)
     SELECT $1, * FROM unnest($2::text[], $3::text[])`,
    [tenantId, imported.map(({ key }) => key), imported.map(({ exceptionId }) => exceptionId)],
  );
}
