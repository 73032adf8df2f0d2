import { signCheckpoint } from '../domain/ledger/checkpoint.ts';
import { leafHash } from '../domain/ledger/hash.ts';
import { MerkleFrontier, type UpperHash } from '../domain/ledger/merkle-frontier.ts';
import { formatInstant } from '../domain/schedule/instant.ts';
import type { Database, Transaction } from '../platform/db/transaction.ts';
import type { MasterKey } from '../platform/secrets/secrets.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { nativeSha256 } from './event-codec.ts';
import { findLedgerKeys, loadLedgerSigner, newestKey } from './ledger-key.ts';
import { standingOf } from './outside-checkpoints.ts';
import { newestHead } from './tree-storage.ts';

/** What the sequencer needs. */
export interface SequencerOptions {
  readonly db: Database;
  readonly master: MasterKey;
  readonly checkpoints: CheckpointStore;
  /**
   * Called whenever a tenant's tree turns out not to extend what is known outside the database, with
   * the newest epoch that this was judged in: one that was opened meanwhile has settled it.
   */
  readonly onDiverged: (tenantId: string, detail: string, epoch: number) => Promise<void>;
}

/** Entries that one transaction takes in. */
const BATCH = 2_000;

/**
 * Tenants that have committed events outside the tree, or a head without its checkpoint; `all` of
 * them where nobody has looked since this process began.
 */
export async function tenantsToSequence(tx: Transaction, all = false): Promise<string[]> {
  const rows = await tx.query<{ tenant_id: string }>(
    `SELECT tenant_id FROM lapse.tenants t WHERE state = 'active' AND ($1 OR EXISTS (SELECT FROM lapse.ledger_pending p WHERE p.tenant_id = t.tenant_id)
       OR (SELECT max(size) FROM lapse.ledger_heads h WHERE h.tenant_id = t.tenant_id)
          > coalesce((SELECT max(size) FROM lapse.ledger_checkpoints c WHERE c.tenant_id = t.tenant_id), 0))`,
    [all],
  );
  return rows.map((row) => row.tenant_id);
}

/**
 * Takes what is pending into a tenant's tree and signs its head. One replica at a time does it for a
 * tenant (advisory lock); the others pass on. Answers how many entries it took in.
 */
export async function sequence(options: SequencerOptions, tenantId: string): Promise<number> {
  let taken = 0;
  for (;;) {
    const count = await sequenceBatch(options, tenantId);
    taken += count;
    if (count < BATCH) return taken;
  }
}

/** As `sequence`, at most one batch. */
export async function sequenceBatch(options: SequencerOptions, tenantId: string): Promise<number> {
  const count = await options.db.inSystem((tx) => takeIn(tx, tenantId));
  await signHead(options, tenantId);
  return count;
}

async function takeIn(tx: Transaction, tenantId: string): Promise<number> {
  const [lock] = await tx.query<{ locked: boolean }>(
    "SELECT pg_try_advisory_xact_lock(hashtextextended('lapse sequencer ' || $1, 0)) AS locked",
    [tenantId],
  );
  if (!lock?.locked) return 0;
  const [rows, head] = await Promise.all([
    tx.query<{
      position: number;
      stream_type: string;
      stream_id: string;
      version: number;
      envelope: Buffer;
    }>(
      `SELECT p.position, e.stream_type, e.stream_id, e.version, e.envelope FROM lapse.ledger_pending p
       JOIN lapse.events e ON e.tenant_id = p.tenant_id AND e.event_id = p.event_id
       WHERE p.tenant_id = $1 ORDER BY p.position LIMIT ${BATCH}`,
      [tenantId],
    ),
    newestHead(tx, tenantId),
  ]);
  if (rows.length === 0) return 0;
  const frontier = head
    ? MerkleFrontier.fromBytes(head.frontier, nativeSha256)
    : MerkleFrontier.empty(nativeSha256);
  const first = frontier.size;
  const leaves = rows.map((row) => leafHash(row.envelope, nativeSha256));
  const upper: UpperHash[] = leaves.flatMap((leaf) => frontier.append(leaf));
  tx.atCommit(
    `INSERT INTO lapse.ledger_leaves (tenant_id, ledger_index, stream_type, stream_id, version, leaf_hash)
     SELECT $1, $2 + n - 1, stream_type, stream_id, version, leaf_hash
     FROM unnest($3::text[], $4::text[], $5::int[], $6::bytea[])
       WITH ORDINALITY AS l(stream_type, stream_id, version, leaf_hash, n)`,
    [
      tenantId,
      first,
      rows.map((row) => row.stream_type),
      rows.map((row) => row.stream_id),
      rows.map((row) => row.version),
      leaves,
    ],
  );
  if (upper.length > 0) {
    tx.atCommit(
      `INSERT INTO lapse.ledger_nodes (tenant_id, level, position, hash)
       SELECT $1, * FROM unnest($2::smallint[], $3::bigint[], $4::bytea[])`,
      [
        tenantId,
        upper.map((node) => node.level),
        upper.map((node) => node.index),
        upper.map((node) => node.hash),
      ],
    );
  }
  tx.atCommit(
    'INSERT INTO lapse.ledger_heads (tenant_id, size, root, frontier, at) VALUES ($1, $2, $3, $4, $5)',
    [tenantId, frontier.size, frontier.root(), frontier.toBytes(), formatInstant(await tx.now)],
  );
  tx.atCommit(
    'DELETE FROM lapse.ledger_pending WHERE tenant_id = $1 AND position = ANY($2::bigint[])',
    [tenantId, rows.map((row) => row.position)],
  );
  return rows.length;
}

/**
 * Signs the newest head in the ledger's newest epoch, unless the tree does not extend what is known
 * outside the database, nor can once what is pending is taken in: then nothing is signed and the tenant can only be read, until an
 * administrator opens a new epoch (DESIGN section 2, Ledger).
 */
async function signHead(options: SequencerOptions, tenantId: string): Promise<void> {
  const { db, master, checkpoints } = options;
  const outside = await checkpoints.newestOfEach(tenantId);
  const { divergence, ready } = await db.inSystem(async (tx) => {
    // The head first: a key that is read after it is never of an epoch before it.
    const [head, ledger] = await Promise.all([
      newestHead(tx, tenantId),
      findLedgerKeys(tx, tenantId),
    ]);
    if (!ledger) return {};
    const key = newestKey(ledger);
    const standings = await Promise.all(
      outside.map((kept) => standingOf(tx, tenantId, ledger, kept)),
    );
    const detail = standings.findLast(({ problem }) => problem !== undefined)?.problem;
    if (detail !== undefined) return { divergence: { detail, epoch: key.epoch } };
    // The pass that takes in the rest compares again; until then nobody knows whether to sign.
    if (!head || standings.some(({ isAwaited }) => isAwaited)) return {};
    return { ready: { key, head, signer: await loadLedgerSigner(tx, tenantId, key, master) } };
  });
  if (divergence) await options.onDiverged(tenantId, divergence.detail, divergence.epoch);
  if (!ready) return;
  const { key, head, signer } = ready;
  // Signing may be a call over the network one day, so no transaction is open meanwhile.
  const note = await signCheckpoint({ origin: key.origin, size: head.size, root: head.root }, [
    signer,
  ]);
  // Kept outside first: a head without its checkpoint in the database is signed again, so a crash in
  // between is made good by the next pass.
  await checkpoints.keep(tenantId, key.epoch, note, head.at);
  await db.inSystem(async (tx) => {
    tx.atCommit(
      'INSERT INTO lapse.ledger_checkpoints (tenant_id, size, note) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [tenantId, head.size, note],
    );
  });
}
