import { treeHead } from '../domain/ledger/merkle-proof.ts';
import { TILE_WIDTH } from '../domain/ledger/tile.ts';
import type { TileReader } from '../domain/ledger/tile-reader.ts';
import type { Transaction } from '../platform/db/transaction.ts';
import { nativeSha256 } from './event-codec.ts';

/** A head of the tree as the sequencer stored it. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
  readonly frontier: Uint8Array;
  /** RFC 3339. */
  readonly at: string;
}

/** The newest head; `undefined` for an empty ledger. */
export async function newestHead(tx: Transaction, tenantId: string): Promise<TreeHead | undefined> {
  const [row] = await tx.query<{ size: number; root: Buffer; frontier: Buffer; at: Date }>(
    'SELECT size, root, frontier, at FROM lapse.ledger_heads WHERE tenant_id = $1 ORDER BY size DESC LIMIT 1',
    [tenantId],
  );
  return (
    row && { size: row.size, root: row.root, frontier: row.frontier, at: row.at.toISOString() }
  );
}

/** The root of the first `size` leaves from the stored tiles; `undefined` where there are fewer. */
export async function headAt(
  tx: Transaction,
  tenantId: string,
  size: number,
): Promise<Uint8Array | undefined> {
  const [row] = await tx.query(
    'SELECT FROM lapse.ledger_leaves WHERE tenant_id = $1 AND ledger_index = $2',
    [tenantId, size - 1],
  );
  if (size > 0 && !row) return undefined;
  return treeHead(tileReader(tx, tenantId), size, nativeSha256);
}

/**
 * How many leaves there are once the sequencer has taken in what waits for it. One statement: whatever
 * is taken in meanwhile, is counted once.
 */
export async function reachableSize(tx: Transaction, tenantId: string): Promise<number> {
  const [row] = await tx.query<{ size: number }>(
    `SELECT coalesce((SELECT max(size) FROM lapse.ledger_heads WHERE tenant_id = $1), 0)
       + (SELECT count(*) FROM lapse.ledger_pending WHERE tenant_id = $1) AS size`,
    [tenantId],
  );
  return row?.size ?? 0;
}

/** Reads hash tiles: level 0 from the leaves, higher ones from the roots of complete tiles. */
export function tileReader(tx: Transaction, tenantId: string): TileReader {
  return {
    async readTile(level, n, width) {
      const first = n * TILE_WIDTH;
      const rows =
        level === 0
          ? await tx.query<{ hash: Buffer }>(
              `SELECT leaf_hash AS hash FROM lapse.ledger_leaves
               WHERE tenant_id = $1 AND ledger_index >= $2 AND ledger_index < $3 ORDER BY ledger_index`,
              [tenantId, first, first + width],
            )
          : await tx.query<{ hash: Buffer }>(
              `SELECT hash FROM lapse.ledger_nodes
               WHERE tenant_id = $1 AND level = $2 AND position >= $3 AND position < $4 ORDER BY position`,
              [tenantId, level, first, first + width],
            );
      return rows.map((row) => row.hash);
    },
  };
}
