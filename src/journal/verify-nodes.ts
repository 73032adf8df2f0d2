import type { UpperHash } from '../domain/ledger/merkle-frontier.ts';
import { TILE_WIDTH } from '../domain/ledger/tile.ts';
import type { Snapshot } from '../platform/db/snapshot.ts';
import type { Findings } from './verify-findings.ts';

/** Compares the stored tile hashes above the leaves with those recomputed. */
export async function compareNodes(
  reader: Snapshot,
  tenantId: string,
  nodes: readonly UpperHash[],
  findings: Findings,
): Promise<void> {
  if (nodes.length === 0) return;
  const rows = await reader.query<{ level: number; position: number; hash: Buffer }>(
    `SELECT n.level, n.position, n.hash
     FROM unnest($2::smallint[], $3::bigint[]) AS w(level, position)
     JOIN lapse.ledger_nodes n ON n.tenant_id = $1 AND n.level = w.level AND n.position = w.position`,
    [tenantId, nodes.map(({ level }) => level), nodes.map(({ index }) => index)],
  );
  const stored = new Map(rows.map((row) => [`${row.level}/${row.position}`, row.hash]));
  for (const { level, index, hash } of nodes) {
    const found = stored.get(`${level}/${index}`);
    if (found?.equals(hash)) continue;
    const width = TILE_WIDTH ** level;
    const place = { from: index * width, to: (index + 1) * width };
    findings.add(
      found
        ? {
            code: 'node-mismatch',
            message: `${named(level, index)} is not over its entries`,
            ...place,
          }
        : { code: 'node-missing', message: `${named(level, index)} is missing`, ...place },
    );
  }
}

/** Finds tile hashes that belong to no tile of the tree. */
export async function countNodes(
  reader: Snapshot,
  tenantId: string,
  expected: number,
  findings: Findings,
): Promise<void> {
  const [stored] = await reader.query<{ count: number }>(
    'SELECT count(*) FROM lapse.ledger_nodes WHERE tenant_id = $1',
    [tenantId],
  );
  const count = stored?.count ?? 0;
  if (count <= expected) return;
  const message = `${count - expected} stored hashes belong to no tile of the tree`;
  findings.add({ code: 'node-stray', message });
}

function named(level: number, index: number): string {
  return `hash ${index} at tile level ${level}`;
}
