import { equalBytes } from '../domain/ledger/encoding.ts';
import { isGivenUp, type OpenedEpoch } from '../domain/ledger/epoch.ts';
import type { MerkleFrontier } from '../domain/ledger/merkle-frontier.ts';
import type { Snapshot } from '../platform/db/snapshot.ts';
import type { KeptCheckpoint, KeptNote } from './verify-checkpoints.ts';
import { type Finding, type Findings, KEPT_FINDINGS } from './verify-findings.ts';

/** How far marks of one sort were as they should be. */
interface Agreement {
  /** The largest size that agreed. */
  size: number;
  isBroken: boolean;
}

interface StoredHead {
  readonly size: number;
  readonly root: Uint8Array;
  readonly frontier: Uint8Array;
}

/** The stored heads of a range of sizes, the lower end left out. */
export function readHeads(reader: Snapshot, tenantId: string, above: number, upTo: number) {
  return reader.query<{ size: number; root: Buffer; frontier: Buffer }>(
    'SELECT size, root, frontier FROM lapse.ledger_heads WHERE tenant_id = $1 AND size > $2 AND size <= $3 ORDER BY size',
    [tenantId, above, upTo],
  );
}

/** The stored checkpoints of a range of sizes, the lower end left out. */
export async function readNotes(
  reader: Snapshot,
  tenantId: string,
  above: number,
  upTo: number,
): Promise<KeptNote[]> {
  const rows = await reader.query<{ size: number; note: string }>(
    'SELECT size, note FROM lapse.ledger_checkpoints WHERE tenant_id = $1 AND size > $2 AND size <= $3 ORDER BY size',
    [tenantId, above, upTo],
  );
  return rows.map(({ size, note }) => ({ name: `database/${size}`, note, size }));
}

type Mark = StoredHead | KeptCheckpoint;

/** Everything that claims what the tree is at a size, compared while the tree grows past it. */
export class TreeMarks {
  readonly #outside: readonly KeptCheckpoint[];
  readonly #epochs: readonly OpenedEpoch[];
  readonly #findings: Findings;
  /** Marks of the page that is being taken, the lowest size last. */
  #ahead: Mark[] = [];
  #upTo = 0;
  #newestHead = 0;
  #checkpoints = 0;
  // Whoever rewrites the tree rewrites its heads, so they say nothing about what was signed.
  readonly #heads: Agreement = { size: 0, isBroken: false };
  readonly #signed: Agreement = { size: 0, isBroken: false };

  constructor(
    outside: readonly KeptCheckpoint[],
    epochs: readonly OpenedEpoch[],
    findings: Findings,
  ) {
    this.#outside = outside;
    this.#epochs = epochs;
    this.#findings = findings;
  }

  /** Checkpoints compared. */
  get checkpoints(): number {
    return this.#checkpoints;
  }

  /** Sets the marks of the next page: all sizes up to `last`. */
  expect(heads: readonly StoredHead[], checkpoints: readonly KeptCheckpoint[], last: number): void {
    const outside = this.#outside.filter(({ size }) => size > this.#upTo && size <= last);
    this.#upTo = last;
    this.#ahead = [...heads, ...checkpoints, ...outside].sort((a, b) => b.size - a.size);
  }

  /** Compares the marks at the size that the tree has reached. */
  compare(frontier: MerkleFrontier): void {
    const { size } = frontier;
    if (this.#ahead.at(-1)?.size !== size) return;
    const root = frontier.root();
    for (let mark = this.#ahead.at(-1); mark?.size === size; mark = this.#ahead.at(-1)) {
      this.#ahead.pop();
      const agrees = equalBytes(mark.root, root);
      if ('name' in mark) {
        if (!agrees && isGivenUp(this.#epochs, mark)) continue;
        this.#checkpoints += 1;
        this.#note(mark, this.#signed, agrees);
      } else {
        this.#newestHead = size;
        const isWhole = agrees && equalBytes(mark.frontier, frontier.toBytes());
        this.#note(mark, this.#heads, isWhole);
      }
    }
  }

  #note(mark: Mark, last: Agreement, agrees: boolean): void {
    // An entry that is altered breaks every mark after it: the first says all.
    if (!agrees && !last.isBroken) this.#findings.add(mismatch(mark, last.size));
    last.isBroken = !agrees;
    if (agrees) last.size = mark.size;
  }

  /** Finds what claims that the tree is larger than it is, and entries that no head covers. */
  async compareEnd(reader: Snapshot, tenantId: string, size: number): Promise<void> {
    if (this.#newestHead !== size) {
      const message = `no head was stored for the ${size} entries of the tree`;
      this.#findings.add({ code: 'head-missing', message });
    }
    for (const table of ['ledger_heads', 'ledger_checkpoints'] as const) {
      const rows = await reader.query<{ size: number }>(
        `SELECT size FROM lapse.${table} WHERE tenant_id = $1 AND size > $2 ORDER BY size LIMIT ${KEPT_FINDINGS}`,
        [tenantId, size],
      );
      for (const row of rows) this.#findings.add(beyond(table, row.size, size));
    }
    for (const mark of this.#outside) {
      const { name, size: signed } = mark;
      if (signed <= size || isGivenUp(this.#epochs, mark)) continue;
      const message = `${signed} entries were signed, ${size} are left: the newest were cut off, or an old copy was restored`;
      this.#findings.add({ code: 'ledger-cut-off', message, index: size, checkpoint: name });
    }
  }
}

function mismatch(mark: Mark, agreed: number): Finding {
  const range = { from: agreed, to: mark.size };
  const where = `the entries from ${agreed} up to ${mark.size - 1}`;
  if (!('name' in mark)) {
    const message = `the head stored for size ${mark.size} is not over ${where}`;
    return { code: 'head-mismatch', message, ...range };
  }
  const message = `${where} are not those that were signed at size ${mark.size}`;
  return { code: 'checkpoint-mismatch', message, ...range, checkpoint: mark.name };
}

function beyond(
  table: 'ledger_heads' | 'ledger_checkpoints',
  claimed: number,
  size: number,
): Finding {
  const of = { from: size, to: claimed };
  if (table === 'ledger_heads') {
    const message = `a head is stored for ${claimed} entries, the tree has ${size}`;
    return { code: 'head-beyond-tree', message, ...of };
  }
  const message = `a checkpoint was signed for ${claimed} entries, the tree has ${size}`;
  return { code: 'checkpoint-beyond-tree', message, ...of, checkpoint: `database/${claimed}` };
}
