import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TenantLife } from '../../domain/tenant/tenant-life.ts';
import { replaceFile } from '../../platform/backup-file/replaced-file.ts';
import type { Database } from '../../platform/db/transaction.ts';

/** An entry of the operator's ledger with its receipt, which prove each other offline. */
export interface ProvedEntry {
  readonly index: number;
  readonly envelope_base64: string;
  readonly salt_base64: string | null;
  readonly payload: string | null;
  /** C2SP tlog-proof. */
  readonly receipt: string;
}

interface Proofs {
  readonly db: Database;
  /** The data folder's `deleted-tenants`. */
  readonly folder: string;
  /** The verifier key of a tenant's ledger. */
  readonly keyOf: (tenantId: string) => Promise<string>;
  /** An entry with its receipt; refuses with `not-found` before a checkpoint covers it. */
  readonly entryOf: (tenantId: string, index: number) => Promise<ProvedEntry>;
  readonly sequence: (tenantId: string) => Promise<unknown>;
}

/**
 * Writes what proves a deletion as a file beside the database, for each tenant that is gone: what is
 * known of it, and the entries of the operator's ledger that say so. A process looks once what there is.
 */
export function deletionProofs(parts: Proofs): (operatorsId: string) => Promise<number> {
  const written = new Set<string>();
  return async (operatorsId) => {
    const { db, folder } = parts;
    const rows = await db.inSystem((tx) =>
      tx.query<{ subject_id: string; state: TenantLife }>(
        `SELECT subject_id, state FROM lapse.tenant_standings WHERE tenant_id = $1 AND deletion = 'done'`,
        [operatorsId],
      ),
    );
    if (rows.every(({ subject_id: id }) => written.has(id))) return 0;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(folder)) written.add(name.replace(/\.json$/, ''));
    const missing = rows.filter(({ subject_id: id }) => !written.has(id));
    if (missing.length > 0) await parts.sequence(operatorsId);
    for (const { subject_id: id, state } of missing) {
      const text = `${JSON.stringify(await proofOf(parts, operatorsId, id, state), null, 2)}\n`;
      const path = join(folder, `${id}.json`);
      await replaceFile(path, [Buffer.from(text)], new AbortController().signal);
      written.add(id);
    }
    return missing.length;
  };
}

async function proofOf(
  { db, keyOf, entryOf }: Proofs,
  operatorsId: string,
  tenantId: string,
  { deleting, deleted }: TenantLife,
) {
  const entries = await db.inSystem((tx) =>
    tx.query<{ ledger_index: number }>(
      `SELECT ledger_index FROM lapse.ledger_leaves
       WHERE tenant_id = $1 AND stream_type = 'tenant' AND stream_id = $2 ORDER BY version`,
      [operatorsId, tenantId],
    ),
  );
  return {
    tenant_id: tenantId,
    ...deleting,
    deleted_at: deleted?.at,
    tables: deleted?.tables,
    operators_ledger: {
      verifier_key: await keyOf(operatorsId),
      entries: await Promise.all(
        entries.map(({ ledger_index: index }) => entryOf(operatorsId, index)),
      ),
    },
  };
}
