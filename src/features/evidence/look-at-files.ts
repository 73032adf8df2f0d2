import type { Database } from '../../platform/db/transaction.ts';
import type { FileStore, StoreProblem } from './file-store.ts';
import { isIntact } from './stored-digest.ts';

/** How the stored files of a tenant stand. */
export interface FilesFound {
  readonly files: number;
  /** How many of them were read to their end. */
  readonly read: number;
  /** Digests of those that are gone, or are not what their digest says. */
  readonly lost: readonly string[];
  /** What is wrong with the store itself; nothing was looked at then. */
  readonly problem?: StoreProblem;
}

const AT_ONCE = 1_000;
/** A store over the network answers each in its time. */
const LOOKERS = 8;
/** Reading all would take as long as a backup, which does; who asks often reads all in time. */
const READ_AT_RANDOM = 20;

/** Looks whether every file that an event names lies in the store whole, and reads some of them. */
export async function lookAtFiles(
  db: Database,
  store: FileStore,
  tenantId: string,
): Promise<FilesFound> {
  const problem = await store.findProblem();
  if (problem) return { files: 0, read: 0, lost: [], problem };
  const lost = new Set<string>();
  let files = 0;
  let last = '';
  for (;;) {
    const rows = await db.inTenant(tenantId, (tx) =>
      tx.query<{ digest: string; size: string }>(
        `SELECT digest, size::text AS size FROM lapse.stored_files
         WHERE tenant_id = $1 AND kept_at IS NOT NULL AND digest > $2
         ORDER BY digest LIMIT ${AT_ONCE}`,
        [tenantId, last],
      ),
    );
    const left = rows.values();
    const looker = async () => {
      for (const { digest, size } of left) {
        const stored = await store.open({ tenantId, digest });
        if (stored?.size !== Number(size)) lost.add(digest);
      }
    };
    await Promise.all(Array.from({ length: LOOKERS }, looker));
    files += rows.length;
    last = rows.at(-1)?.digest ?? '';
    if (rows.length < AT_ONCE) break;
  }
  const sample = await db.inTenant(tenantId, (tx) =>
    tx.query<{ digest: string }>(
      `SELECT digest FROM lapse.stored_files WHERE tenant_id = $1 AND kept_at IS NOT NULL
       ORDER BY random() LIMIT ${READ_AT_RANDOM}`,
      [tenantId],
    ),
  );
  for (const { digest } of sample) {
    if (!(await isIntact(store, { tenantId, digest }))) lost.add(digest);
  }
  return { files, read: sample.length, lost: [...lost] };
}
