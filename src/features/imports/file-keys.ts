import type { ImportKey } from '../../domain/exception/import-key.ts';
import { quote } from '../../domain/exception/import-remarks.ts';
import type { PlacedRemark } from './import-schemas.ts';
import type { FileRecord } from './record-part.ts';

/** Ids that one file may name: they are held in memory until its end. */
const MAX_KEYS = 200_000;

/** What has to be known of a record to tell it from the others. */
export interface KeyedRecord extends Pick<FileRecord, 'line' | 'place'> {
  readonly draft: { readonly keys: readonly ImportKey[] };
}

/** The keys of the records of one file, which no two of them may share. */
export class FileKeys {
  readonly #lines = new Map<string, number>();

  /** Takes a record's keys; answers what is wrong with them, once for each other record. */
  add(record: KeyedRecord): PlacedRemark[] {
    const problems = new Map<number, PlacedRemark>();
    for (const { key, path } of record.draft.keys) {
      const line = this.#lines.get(key);
      if (line === undefined && this.#lines.size >= MAX_KEYS) return [this.#tooMany(record)];
      if (line === undefined) this.#lines.set(key, record.line);
      else if (!problems.has(line)) {
        const message = sameRecord(key, `on lines ${line} and ${record.line}`);
        problems.set(line, record.place({ path, message }));
      }
    }
    return [...problems.values()];
  }

  #tooMany(record: KeyedRecord): PlacedRemark {
    const message = `the file names more than ${MAX_KEYS.toLocaleString('en')} ids; split it into several`;
    return record.place({ path: [], message });
  }
}

function sameRecord(key: string, where: string): string {
  return key.startsWith('id:')
    ? `the records ${where} have the same id ${quote(key.slice(3))}; give each its own, or leave one of them out`
    : `the records ${where} are the same; leave one of them out`;
}
