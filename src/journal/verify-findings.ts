/** What verification can find; each code is one thing that is wrong, in words for people below. */
export type FindingCode =
  | 'envelope-malformed'
  | 'envelope-misplaced'
  | 'leaf-mismatch'
  | 'payload-missing'
  | 'payload-mismatch'
  | 'event-unsequenced'
  | 'event-pending'
  | 'event-missing'
  | 'pending-without-event'
  | 'sequencing-failed'
  | 'stream-unknown'
  | 'stream-gap'
  | 'fold-failed'
  | 'signature-missing'
  | 'signature-mismatch'
  | 'projection-missing'
  | 'projection-mismatch'
  | 'projection-stray'
  | 'counter-mismatch'
  | 'policy-mismatch'
  | 'leaf-missing'
  | 'node-mismatch'
  | 'node-missing'
  | 'node-stray'
  | 'head-mismatch'
  | 'head-missing'
  | 'head-beyond-tree'
  | 'key-missing'
  | 'epoch-unverified'
  | 'checkpoint-unverified'
  | 'checkpoint-mismatch'
  | 'checkpoint-beyond-tree'
  | 'ledger-cut-off';

/** One thing that is wrong, and where. */
export interface Finding {
  readonly code: FindingCode;
  /** For people: what should hold and does not. */
  readonly message: string;
  /** The ledger index of the entry that fails. */
  readonly index?: number;
  /** Where no single entry can be named: the first one that may have been altered … */
  readonly from?: number;
  /** … and the one after the last. */
  readonly to?: number;
  /** `<type>:<id>`. */
  readonly stream?: string;
  readonly version?: number;
  /** Which checkpoint: `database/<size>`, or the name of a note outside the database. */
  readonly checkpoint?: string;
}

/** So many are kept; whoever repairs a ledger begins with the first. */
export const KEPT_FINDINGS = 100;

/**
 * Collects findings in any order and keeps those with the lowest ledger indexes, so that the memory
 * it takes does not depend on how much is broken.
 */
export class Findings {
  readonly #entries: Finding[] = [];
  readonly #others: Finding[] = [];
  #count = 0;

  /** How many were added, kept or not. */
  get count(): number {
    return this.#count;
  }

  add(finding: Finding): void {
    this.#count += 1;
    if (finding.index === undefined) {
      if (this.#others.length < KEPT_FINDINGS) this.#others.push(finding);
      return;
    }
    const index = finding.index;
    const at = this.#entries.findLastIndex((known) => (known.index ?? 0) <= index) + 1;
    if (at >= KEPT_FINDINGS) return;
    this.#entries.splice(at, 0, finding);
    if (this.#entries.length > KEPT_FINDINGS) this.#entries.pop();
  }

  /** Those kept: entries first, lowest index first, then everything that is not about one entry. */
  list(): Finding[] {
    return [...this.#entries, ...this.#others].slice(0, KEPT_FINDINGS);
  }

  /** The lowest ledger index that fails, or may fail where no single entry can be named. */
  firstIndex(): number | undefined {
    const indexes = this.#entries.map(({ index }) => index ?? 0);
    // A range that holds an entry which is named says nothing more.
    const ranges = this.#others.flatMap(({ from, to }) =>
      from === undefined || indexes.some((index) => index >= from && index < (to ?? index))
        ? []
        : [from],
    );
    const all = [...indexes.slice(0, 1), ...ranges];
    return all.length === 0 ? undefined : Math.min(...all);
  }
}
