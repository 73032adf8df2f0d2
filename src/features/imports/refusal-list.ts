import { DomainError } from '../../domain/errors.ts';
import type { PlacedRemark } from './import-schemas.ts';
import { inOrder } from './record-part.ts';

/** Problems that are listed; those beyond are counted. */
const LISTED_PROBLEMS = 1_000;

/** Everything that is wrong with a file, bounded, whatever the file holds. */
export class RefusalList {
  readonly #listed: PlacedRemark[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(problems: readonly PlacedRemark[]): void {
    this.#count += problems.length;
    this.#listed.push(...problems.slice(0, LISTED_PROBLEMS - this.#listed.length));
  }

  /** Refuses the import where there was any problem. */
  throwIfAny(): void {
    if (this.#count === 0) return;
    const what = this.#count === 1 ? '1 problem' : `${this.#count.toLocaleString('en')} problems`;
    const more =
      this.#count > this.#listed.length
        ? `; the first ${this.#listed.length.toLocaleString('en')} are listed`
        : '';
    throw new DomainError(
      'import-refused',
      `nothing was imported: the file has ${what}${more}`,
      inOrder(this.#listed),
    );
  }
}
