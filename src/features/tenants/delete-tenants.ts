import { CLOCK } from '../../domain/access/actor.ts';
import { formatVerifierKey } from '../../domain/ledger/verifier-key.ts';
import type { DeletedTenant, TenantEvent } from '../../domain/tenant/tenant-life.ts';
import { record } from '../../journal/journal.ts';
import { findLedgerKeys, newestKey } from '../../journal/ledger-key.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { BATCH_SIZE, type MeasuredWork } from '../../platform/due/due-loop.ts';
import { readStanding, tenantStream } from './tenant-stream.ts';
import { operatorsTenant } from './tenant-views.ts';

/** What deleting tenants needs. */
export interface TenantDeletions {
  readonly db: Database;
  /** Takes what waits into a tenant's ledger, and signs it. */
  readonly sequence: (tenantId: string) => Promise<unknown>;
  /** Takes a file of evidence away; nothing happens where there is none. */
  readonly removeFile: (place: { tenantId: string; digest: string }) => Promise<void>;
  /** Writes the proofs of tenants that are gone, where they are missing; answers how many. */
  readonly writeProofs: (operatorsId: string) => Promise<number>;
}

interface Doomed {
  readonly tenantId: string;
  readonly step: 'scheduled' | 'begun';
}

// A tenant that was exported when it was to be deleted is the operator's own where it is restored alone.
const DUE = `deletion IN ('scheduled', 'begun') AND deletes_at <= to_timestamp($1::double precision / 1000)
  AND s.subject_id NOT IN (SELECT tenant_id FROM lapse.tenants WHERE is_operators)
  AND NOT (deletion = 'scheduled' AND EXISTS (SELECT FROM lapse.tenant_standings b
    WHERE b.subject_id = s.subject_id AND b.tenant_id <> b.subject_id AND b.deletion = 'begun'))`;
/** Rows of one table that a transaction takes out. */
const ROWS = 5_000;

/**
 * Deletes tenants whose time to be called off is over. Each pass asks what is still there: first the
 * last checkpoint is signed and what can be proved goes into the operator's ledger, then files and rows
 * go in batches, and at last the operator's ledger says that nothing remains.
 */
export function tenantDeletions(parts: TenantDeletions): MeasuredWork {
  const { db } = parts;
  return {
    name: 'tenant-deletions',
    backlog: () =>
      db.inSystem(async (tx) => {
        const [row] = await tx.query<{ waiting: number; lateness: number }>(
          `SELECT count(*)::int AS waiting, coalesce(extract(epoch FROM
             to_timestamp($1::double precision / 1000) - min(deletes_at)), 0)::float8 AS lateness
           FROM lapse.tenant_standings s WHERE ${DUE}`,
          [await tx.now],
        );
        return { waiting: row?.waiting ?? 0, latenessSeconds: row?.lateness ?? 0 };
      }),
    async runBatch() {
      const { operatorsId, next } = await db.inSystem(nextDoomed);
      if (operatorsId === undefined) return 0;
      if (!next) return parts.writeProofs(operatorsId);
      if (next.step === 'scheduled') return begin(parts, operatorsId, next.tenantId);
      const { tenantId } = next;
      const files = await removeFiles(parts, tenantId);
      if (files > 0) return files;
      return (await removeRows(db, tenantId)) || end(db, operatorsId, tenantId);
    },
  };
}

async function nextDoomed(tx: Transaction): Promise<{ operatorsId?: string; next?: Doomed }> {
  const [row] = await tx.query<{ subject_id: string; deletion: Doomed['step'] }>(
    `SELECT subject_id, deletion FROM lapse.tenant_standings s WHERE ${DUE}
     ORDER BY deletes_at, subject_id LIMIT 1`,
    [await tx.now],
  );
  const operatorsId = await operatorsTenant(tx);
  if (operatorsId === undefined) return {};
  if (!row) return { operatorsId };
  return { operatorsId, next: { tenantId: row.subject_id, step: row.deletion } };
}

/** Signs what is left to sign, and records in the operator's ledger what is about to go. */
async function begin(
  { db, sequence }: TenantDeletions,
  operatorsId: string,
  tenantId: string,
): Promise<number> {
  await sequence(tenantId);
  // Nothing is begun that could not be ended.
  await db.inRetention(tenantId, (tx) => tx.now);
  return db.inSystem(async (tx) => {
    const [own, before] = await Promise.all([
      readStanding(tx, tenantId, tenantId),
      readStanding(tx, operatorsId, tenantId),
    ]);
    const at = await tx.now;
    const { deletion } = own?.state ?? {};
    // Called off meanwhile, or begun by another worker.
    if (!deletion || before?.state.deleting) return 0;
    const data = await whatRemains(tx, tenantId, deletion);
    if (!data) return 0;
    const events: TenantEvent[] = [{ type: 'TenantDeletionBegun', data }];
    const append = { tenantId: operatorsId, streamId: tenantId, before, events, at, actor: CLOCK };
    record(tx, tenantStream, [append]);
    // From here on nobody signs its ledger any more, whose entries are going.
    tx.atCommit(
      "UPDATE lapse.tenants SET state = 'read-only', state_note = 'the tenant is being deleted' WHERE tenant_id = $1",
      [tenantId],
    );
    return 1;
  });
}

/** What can be proved of a tenant for ever; undefined while its ledger has not taken everything in. */
async function whatRemains(
  tx: Transaction,
  tenantId: string,
  ordered: DeletedTenant['ordered'],
): Promise<DeletedTenant | undefined> {
  const [[tenant], [note], keys, records] = await Promise.all([
    tx.query<{ name: string; state: string; entries: number; waiting: boolean }>(
      `SELECT name, state,
         (SELECT count(*)::int FROM lapse.events e WHERE e.tenant_id = t.tenant_id) AS entries,
         EXISTS (SELECT FROM lapse.ledger_pending p WHERE p.tenant_id = t.tenant_id)
           OR coalesce((SELECT max(size) FROM lapse.ledger_heads h WHERE h.tenant_id = t.tenant_id), 0)
             > coalesce((SELECT max(size) FROM lapse.ledger_checkpoints c WHERE c.tenant_id = t.tenant_id), 0) AS waiting
       FROM lapse.tenants t WHERE tenant_id = $1 FOR UPDATE`,
      [tenantId],
    ),
    tx.query<{ note: string }>(
      'SELECT note FROM lapse.ledger_checkpoints WHERE tenant_id = $1 ORDER BY size DESC LIMIT 1',
      [tenantId],
    ),
    findLedgerKeys(tx, tenantId),
    tx.query<{ status: string; count: number }>(
      'SELECT status, count(*)::int AS count FROM lapse.exceptions WHERE tenant_id = $1 GROUP BY status ORDER BY status',
      [tenantId],
    ),
  ]);
  const diverged = tenant?.state !== 'active';
  // Nothing more is signed of a ledger that has diverged: what it has is all that there will be.
  if (!tenant || (tenant.waiting && !diverged)) return undefined;
  const key = keys && newestKey(keys);
  return {
    name: tenant.name,
    ordered,
    entries: tenant.entries,
    checkpoint: note?.note ?? null,
    verifier_key: key ? formatVerifierKey(key.origin, key.publicKey) : null,
    diverged,
    records: Object.fromEntries(records.map(({ status, count }) => [status, count])),
  };
}

/** Files before their rows, so that none is left that nobody knows of. */
async function removeFiles({ db, removeFile }: TenantDeletions, tenantId: string): Promise<number> {
  const files = await db.inSystem((tx) =>
    tx.query<{ digest: string }>(
      `SELECT digest FROM lapse.stored_files WHERE tenant_id = $1 ORDER BY digest LIMIT ${BATCH_SIZE}`,
      [tenantId],
    ),
  );
  for (const { digest } of files) await removeFile({ tenantId, digest });
  if (files.length > 0) {
    // Whoever sweeps files may forget them.
    await db.inSystem((tx) =>
      tx.query('DELETE FROM lapse.stored_files WHERE tenant_id = $1 AND digest = ANY($2)', [
        tenantId,
        files.map(({ digest }) => digest),
      ]),
    );
  }
  return files.length;
}

/** Takes a batch out of the first table that has any; answers how many rows that were. */
async function removeRows(db: Database, tenantId: string): Promise<number> {
  for (const table of await db.inSystem(tablesOfTenants)) {
    const gone = await db.inRetention(tenantId, async (tx) => {
      const [row] = await tx.query<{ count: number }>(
        `WITH gone AS (DELETE FROM lapse.${table} WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM lapse.${table} WHERE tenant_id = $1 LIMIT ${ROWS})) RETURNING 1)
         SELECT count(*)::int AS count FROM gone`,
        [tenantId],
      );
      return row?.count ?? 0;
    });
    if (gone > 0) return gone;
  }
  return 0;
}

/** Every table that holds rows of tenants, quoted; what others refer to comes last. */
async function tablesOfTenants(tx: Transaction): Promise<string[]> {
  const rows = await tx.query<{ name: string }>(
    `SELECT quote_ident(c.relname) AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'lapse'::regnamespace AND c.relkind = 'r' AND a.attname = 'tenant_id'
     ORDER BY EXISTS (SELECT FROM pg_constraint f WHERE f.confrelid = c.oid), c.relname = 'tenants', 1`,
  );
  return rows.map(({ name }) => name);
}

async function end(db: Database, operatorsId: string, tenantId: string): Promise<number> {
  return db.inSystem(async (tx) => {
    const [before, tables] = await Promise.all([
      readStanding(tx, operatorsId, tenantId),
      tablesOfTenants(tx),
    ]);
    if (!before || before.state.deleted) return 0;
    const events: TenantEvent[] = [{ type: 'TenantDeleted', data: { tables } }];
    const at = await tx.now;
    const append = { tenantId: operatorsId, streamId: tenantId, before, events, at, actor: CLOCK };
    record(tx, tenantStream, [append]);
    return 1;
  });
}
