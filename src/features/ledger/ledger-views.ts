import { DomainError } from '../../domain/errors.ts';
import { openCheckpoint } from '../../domain/ledger/checkpoint.ts';
import { inclusionProof } from '../../domain/ledger/merkle-proof.ts';
import { formatReceipt } from '../../domain/ledger/proof-text.ts';
import { parseTilePath, TILE_WIDTH, tileWidth } from '../../domain/ledger/tile.ts';
import { encodeEntryBundle, encodeHashTile } from '../../domain/ledger/tile-bytes.ts';
import { formatVerifierKey } from '../../domain/ledger/verifier-key.ts';
import { nativeSha256 } from '../../journal/event-codec.ts';
import { findLedgerKeys, type LedgerKey, newestKey, trustedLog } from '../../journal/ledger-key.ts';
import { verifyEd25519 } from '../../journal/note-signature.ts';
import { tileReader } from '../../journal/tree-storage.ts';
import type { Database, Reach, Transaction } from '../../platform/db/transaction.ts';

/** An entry of the ledger: its envelope, and what it commits to for those who may see it. */
export interface LedgerEntry {
  readonly index: number;
  readonly envelope: unknown;
  /** The envelope's bytes as they stand in the tree, base64. */
  readonly envelope_base64: string;
  readonly salt_base64: string | null;
  readonly payload: string | null;
}

/** Reads a tenant's log in the formats of C2SP. */
export class LedgerViews {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The newest signed checkpoint note of the newest epoch. */
  checkpoint(tenantId: string): Promise<string> {
    return this.#db.inTenant(tenantId, async (tx) => (await newestCheckpoint(tx, tenantId)).note);
  }

  /** The key that verifies checkpoints of the newest epoch, as a C2SP verifier key. */
  key(tenantId: string): Promise<string> {
    return this.#db.inTenant(tenantId, async (tx) => {
      const { origin, publicKey } = await getKey(tx, tenantId);
      return formatVerifierKey(origin, publicKey);
    });
  }

  /** The bytes of a tile: hashes, or an entry bundle. `path` is what follows `/ledger/`. */
  tile(tenantId: string, path: string): Promise<Uint8Array> {
    const tile = parsedTile(path);
    return this.#db.inTenant(tenantId, async (tx) => {
      const { size } = await newestCheckpoint(tx, tenantId);
      const level = tile.level === 'entries' ? 0 : tile.level;
      if (tile.width > tileWidth(level, tile.n, size)) throw noTile(path);
      if (tile.level !== 'entries') {
        return encodeHashTile(
          (await tileReader(tx, tenantId).readTile(level, tile.n, tile.width)).slice(0, tile.width),
        );
      }
      const rows = await tx.query<{ envelope: Buffer }>(
        `SELECT e.envelope FROM lapse.ledger_leaves l
         JOIN lapse.events e USING (tenant_id, stream_type, stream_id, version)
         WHERE l.tenant_id = $1 AND l.ledger_index >= $2 AND l.ledger_index < $3 ORDER BY l.ledger_index`,
        [tenantId, tile.n * TILE_WIDTH, tile.n * TILE_WIDTH + tile.width],
      );
      return encodeEntryBundle(rows.map((row) => row.envelope));
    });
  }

  /** One entry, with its payload where that is within reach: what of it is above a clearance is null. */
  entry(reach: Reach, index: number): Promise<LedgerEntry> {
    const { tenantId } = reach;
    return this.#db.inTenant(reach, async (tx) => {
      const [row] = await tx.query<{
        envelope: Buffer;
        salt: Buffer | null;
        payload: string | null;
      }>(
        `SELECT e.envelope, p.salt, p.payload FROM lapse.ledger_leaves l
         JOIN lapse.events e USING (tenant_id, stream_type, stream_id, version)
         LEFT JOIN lapse.event_payloads p USING (tenant_id, stream_type, stream_id, version)
         WHERE l.tenant_id = $1 AND l.ledger_index = $2`,
        [tenantId, index],
      );
      if (!row) throw new DomainError('not-found', `the ledger has no entry ${index}`);
      return {
        index,
        envelope: JSON.parse(row.envelope.toString('utf8')),
        envelope_base64: row.envelope.toString('base64'),
        salt_base64: row.salt?.toString('base64') ?? null,
        payload: row.payload,
      };
    });
  }

  /** A receipt that proves, offline, that an entry is in the log (C2SP tlog-proof). */
  proof(tenantId: string, index: number): Promise<string> {
    return this.#db.inTenant(tenantId, async (tx) => {
      const { size, note, key } = await newestCheckpoint(tx, tenantId);
      if (index >= size)
        throw new DomainError(
          'not-found',
          `the newest checkpoint covers ${size} entries; there is no proof for entry ${index} yet`,
        );
      // A receipt that would not verify must not be handed out.
      await openCheckpoint(note, trustedLog(key), verifyEd25519, nativeSha256);
      const proof = await inclusionProof(tileReader(tx, tenantId), index, size, nativeSha256);
      return formatReceipt({ index, proof, checkpoint: note });
    });
  }
}

async function newestCheckpoint(
  tx: Transaction,
  tenantId: string,
): Promise<{ size: number; note: string; key: LedgerKey }> {
  const [key, [row]] = await Promise.all([
    getKey(tx, tenantId),
    tx.query<{ size: number; note: string }>(
      'SELECT size, note FROM lapse.ledger_checkpoints WHERE tenant_id = $1 ORDER BY size DESC LIMIT 1',
      [tenantId],
    ),
  ]);
  // One of the epoch before would not verify with the key that is given out now.
  if (!row?.note.startsWith(`${key.origin}\n`)) {
    const when =
      key.epoch === 1 ? 'yet' : `in epoch ${key.epoch} yet; it is signed within a second`;
    throw new DomainError('not-found', `the ledger has no checkpoint ${when}`);
  }
  return { ...row, key };
}

async function getKey(tx: Transaction, tenantId: string): Promise<LedgerKey> {
  const ledger = await findLedgerKeys(tx, tenantId);
  if (!ledger) throw new DomainError('not-found', 'the tenant has no ledger key');
  return newestKey(ledger);
}

function parsedTile(path: string) {
  try {
    return parseTilePath(path);
  } catch {
    throw noTile(path);
  }
}

function noTile(path: string): DomainError {
  return new DomainError('not-found', `the ledger has no ${path}`);
}
