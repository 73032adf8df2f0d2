import { createPublicKey, verify } from 'node:crypto';
import { openCheckpoint, signCheckpoint } from '../domain/ledger/checkpoint.ts';
import { equalBytes } from '../domain/ledger/encoding.ts';
import { leafHash } from '../domain/ledger/hash.ts';
import { MerkleFrontier, type UpperHash } from '../domain/ledger/merkle-frontier.ts';
import type { VerifyEd25519 } from '../domain/ledger/note-verification.ts';
import { formatInstant } from '../domain/schedule/instant.ts';
import type { Database, Transaction } from '../platform/db/transaction.ts';
import type { MasterKey } from '../platform/secrets/secrets.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { nativeSha256 } from './event-codec.ts';
import { findLedgerKey, type LedgerKey, loadLedgerSigner, trustedLog } from './ledger-key.ts';
import { headAt, newestHead } from './tree-storage.ts';

/** What the sequencer needs. */
export interface SequencerOptions {
  readonly db: Database;
  readonly master: MasterKey;
  readonly checkpoints: CheckpointStore;
  /** Called once when a tenant's tree turns out not to extend what is known outside the database. */
  readonly onDiverged: (tenantId: string, detail: string) => Promise<void>;
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
 * Signs the newest head, unless the tree does not extend the newest checkpoint known outside the
 * database: then nothing is signed and the tenant can only be read, until an administrator says that
 * the ledger begins anew (DESIGN section 2, Ledger).
 */
async function signHead(options: SequencerOptions, tenantId: string): Promise<void> {
  const { db, master, checkpoints } = options;
  const outside = await checkpoints.newest(tenantId);
  const { divergence, ready } = await db.inSystem(async (tx) => {
    const [key, head] = await Promise.all([findLedgerKey(tx, tenantId), newestHead(tx, tenantId)]);
    if (!key) return {};
    const divergence =
      outside === undefined ? undefined : await divergenceFrom(tx, tenantId, outside, key);
    if (divergence !== undefined || !head) return { divergence };
    const signer = await loadLedgerSigner(tx, tenantId, key, master);
    return { ready: { key, head, signer } };
  });
  if (divergence !== undefined) await options.onDiverged(tenantId, divergence);
  if (!ready) return;
  const { key, head, signer } = ready;
  // Signing may be a call over the network one day, so no transaction is open meanwhile.
  const note = await signCheckpoint({ origin: key.origin, size: head.size, root: head.root }, [
    signer,
  ]);
  // Kept outside first: a head without its checkpoint in the database is signed again, so a crash in
  // between is made good by the next pass.
  await checkpoints.keep(tenantId, note, head.at);
  await db.inSystem(async (tx) => {
    tx.atCommit(
      'INSERT INTO lapse.ledger_checkpoints (tenant_id, size, note) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [tenantId, head.size, note],
    );
  });
}

/** Why the tree does not extend a checkpoint; `undefined` where it does. */
async function divergenceFrom(
  tx: Transaction,
  tenantId: string,
  note: string,
  key: LedgerKey,
): Promise<string | undefined> {
  let checkpoint: { size: number; root: Uint8Array };
  try {
    checkpoint = await openCheckpoint(note, trustedLog(key), verifyEd25519);
  } catch (error) {
    return `the newest checkpoint outside the database is not signed by this ledger's key: ${(error as Error).message}`;
  }
  const root = await headAt(tx, tenantId, checkpoint.size);
  if (!root)
    return `the ledger is shorter than the ${checkpoint.size} entries that were signed before`;
  return equalBytes(root, checkpoint.root)
    ? undefined
    : `the ledger's first ${checkpoint.size} entries are not those that were signed before`;
}

const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** Checks an Ed25519 signature by a raw public key of 32 bytes. */
export const verifyEd25519: VerifyEd25519 = (publicKey, message, signature) => {
  const key = createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, publicKey]),
    format: 'der',
    type: 'spki',
  });
  return verify(null, message, key, signature);
};
