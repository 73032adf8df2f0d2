import { hash } from 'node:crypto';
import type { Sha256 } from '../domain/ledger/hash.ts';
import { MerkleFrontier, type UpperHash } from '../domain/ledger/merkle-frontier.ts';
import type { Snapshot } from '../platform/db/snapshot.ts';
import { type KeptCheckpoint, openNotes } from './verify-checkpoints.ts';
import type { VerifiedEpochs } from './verify-epochs.ts';
import type { Findings } from './verify-findings.ts';
import { readHeads, readNotes, TreeMarks } from './verify-marks.ts';
import { compareNodes, countNodes } from './verify-nodes.ts';

/** What recomputing the tree needs. */
export interface TreeToVerify {
  readonly tenantId: string;
  readonly ledger: VerifiedEpochs;
  /** Checkpoints from outside the database, verified. */
  readonly outside: readonly KeptCheckpoint[];
  /** Leaf hashes to take instead of those stored: the envelopes' own. */
  readonly otherLeaves: ReadonlyMap<number, string>;
  readonly findings: Findings;
}

/** The tree as the envelopes give it. */
export interface VerifiedTree {
  readonly size: number;
  readonly root: Uint8Array;
  /** Checkpoints whose signature and root were compared, in the database and outside. */
  readonly checkpoints: number;
}

/** Leaves of one statement. */
const PAGE = 16_384;
const HEX_HASH = 64;

/** Node gives a digest as text in half the time that it takes to give it as bytes. */
const digest: Sha256 = (data) => Buffer.from(hash('sha256', data, 'hex'), 'hex');

/**
 * Recomputes the tree leaf by leaf and compares every stored head, node and checkpoint with it at
 * its size. Ends at the first index that is missing: no root after it can be known.
 */
export async function verifyTree(reader: Snapshot, tree: TreeToVerify): Promise<VerifiedTree> {
  const { tenantId, findings } = tree;
  const frontier = MerkleFrontier.empty(digest);
  const marks = new TreeMarks(tree.outside, tree.ledger.epochs, findings);
  let nodes = 0;
  for (let full = true; full; ) {
    const first = frontier.size;
    const leaves = await readLeaves(reader, tenantId, first);
    const last = first + leaves.length;
    const [heads, notes] = await Promise.all([
      readHeads(reader, tenantId, first, last),
      readNotes(reader, tenantId, first, last),
    ]);
    marks.expect(heads, await openNotes(notes, tree.ledger, findings), last);
    const upper: UpperHash[] = [];
    leaves.forEach((leaf, at) => {
      const other = tree.otherLeaves.get(first + at);
      upper.push(...frontier.append(other === undefined ? leaf : Buffer.from(other, 'hex')));
      marks.compare(frontier);
    });
    await compareNodes(reader, tenantId, upper, findings);
    nodes += upper.length;
    full = leaves.length === PAGE;
  }
  const { size } = frontier;
  if (!(await isGap(reader, tenantId, size, findings))) {
    await marks.compareEnd(reader, tenantId, size);
    await countNodes(reader, tenantId, nodes, findings);
  }
  return { size, root: frontier.root(), checkpoints: marks.checkpoints };
}

/** Up to a page of leaf hashes from an index on, as far as there is no gap. */
async function readLeaves(reader: Snapshot, tenantId: string, first: number): Promise<Buffer[]> {
  // One value for the whole page: a row for each leaf would cost more than the hashing.
  const [page] = await reader.query<{ count: number; last: number | null; hashes: Buffer | null }>(
    `SELECT count(*), max(ledger_index) AS last, string_agg(leaf_hash, '' ORDER BY ledger_index) AS hashes
     FROM lapse.ledger_leaves WHERE tenant_id = $1 AND ledger_index >= $2 AND ledger_index < $3`,
    [tenantId, first, first + PAGE],
  );
  const { count = 0, last = null, hashes = null } = page ?? {};
  if (count === 0 || hashes === null) return [];
  if (last === first + count - 1 && hashes.length === (count * HEX_HASH) / 2) {
    const size = HEX_HASH / 2;
    return Array.from({ length: count }, (_, at) => hashes.subarray(at * size, (at + 1) * size));
  }
  const rows = await reader.query<{ ledger_index: number; leaf_hash: Buffer }>(
    `SELECT ledger_index, leaf_hash FROM lapse.ledger_leaves
     WHERE tenant_id = $1 AND ledger_index >= $2 AND ledger_index < $3 ORDER BY ledger_index`,
    [tenantId, first, first + PAGE],
  );
  const broken = rows.findIndex(
    (row, at) => row.ledger_index !== first + at || row.leaf_hash.length !== HEX_HASH / 2,
  );
  return (broken < 0 ? rows : rows.slice(0, broken)).map((row) => row.leaf_hash);
}

async function isGap(
  reader: Snapshot,
  tenantId: string,
  size: number,
  findings: Findings,
): Promise<boolean> {
  const [next] = await reader.query<{ ledger_index: number }>(
    `SELECT ledger_index FROM lapse.ledger_leaves WHERE tenant_id = $1 AND ledger_index >= $2
     ORDER BY ledger_index LIMIT 1`,
    [tenantId, size],
  );
  if (!next) return false;
  const message = `entry ${size} is missing from the tree, which goes on at ${next.ledger_index}`;
  findings.add({ code: 'leaf-missing', message, index: size });
  return true;
}
