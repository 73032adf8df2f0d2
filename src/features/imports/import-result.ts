import type { ImportAnswer, PlacedRemark } from './import-schemas.ts';
import type { FileRecord } from './record-part.ts';

/** Warnings that are listed; those beyond are counted. */
const LISTED_WARNINGS = 1_000;

/** What an import did, put together record by record in the order of the file. */
export class ImportResult {
  readonly #created: ImportAnswer['created'] = [];
  readonly #unchanged: ImportAnswer['unchanged'] = [];
  readonly #warnings: PlacedRemark[] = [];
  #unlisted = 0;
  /** Whether each record was made, in order. */
  readonly made: boolean[] = [];

  /** A record that was made; without an id one that would be. */
  addCreated(record: FileRecord, exceptionId?: string): void {
    const { title, line, notes } = record;
    const id = exceptionId === undefined ? {} : { exception_id: exceptionId };
    this.#created.push({ ...id, title, line, notes: [...notes] });
    this.#add(record, true);
  }

  addUnchanged(record: FileRecord, exceptionId: string, reason: string): void {
    const { title, line } = record;
    this.#unchanged.push({ exception_id: exceptionId, title, line, reason });
    this.#add(record, false);
  }

  answer(): ImportAnswer {
    const warnings = [...this.#warnings];
    const last = warnings.at(-1);
    if (last && this.#unlisted > 0) {
      const message = `and ${this.#unlisted.toLocaleString('en')} more warnings from here on`;
      warnings.push({ ...last, path: '', message });
    }
    return {
      created: this.#created,
      unchanged: this.#unchanged,
      warnings,
      total: this.made.length,
    };
  }

  #add({ warnings }: FileRecord, made: boolean): void {
    this.made.push(made);
    const listed = warnings.slice(0, LISTED_WARNINGS - this.#warnings.length);
    this.#warnings.push(...listed);
    this.#unlisted += warnings.length - listed.length;
  }
}
