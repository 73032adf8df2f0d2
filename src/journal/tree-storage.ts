import { leafHash } from '../domain/ledger/hash.ts';
import { MerkleFrontier } from '../domain/ledger/merkle-frontier.ts';
import { treeHead } from '../domain/ledger/merkle-proof.ts';
import { TILE_WIDTH } from '../domain/ledger/tile.ts';
import type { TileReader } from '../domain/ledger/tile-reader.ts';
import type { Reader } from '../platform/db/snapshot.ts';
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
export async function newestHead(tx: Reader, tenantId: string): Promise<TreeHead | undefined> {
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

/** Events of one statement. */
const PAGE = 2_000;

/**
 * The roots at sizes beyond the tree, as they will be once the sequencer has taken in what waits for
 * it; none for a size that it does not reach. Only where nobody writes meanwhile: an event that comes
 * in can go before one that waits.
 */
export async function rootsAhead(
  reader: Reader,
  tenantId: string,
  sizes: readonly number[],
): Promise<ReadonlyMap<number, Uint8Array>> {
  const roots = new Map<number, Uint8Array>();
  const wanted = new Set(sizes);
  const largest = Math.max(0, ...wanted);
  const head = await newestHead(reader, tenantId);
  const frontier = head
    ? MerkleFrontier.fromBytes(head.frontier, nativeSha256)
    : MerkleFrontier.empty(nativeSha256);
  for (let after = 0; frontier.size < largest; ) {
    const rows = await reader.query<{ position: number; envelope: Buffer }>(
      `SELECT p.position, e.envelope FROM lapse.ledger_pending p
       JOIN lapse.events e ON e.tenant_id = p.tenant_id AND e.event_id = p.event_id
       WHERE p.tenant_id = $1 AND p.position > $2 ORDER BY p.position LIMIT ${PAGE}`,
      [tenantId, after],
    );
    for (const { envelope } of rows) {
      frontier.append(leafHash(envelope, nativeSha256));
      if (wanted.has(frontier.size)) roots.set(frontier.size, frontier.root());
    }
    if (rows.length < PAGE) break;
    after = rows.at(-1)?.position ?? after;
  }
  return roots;
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
