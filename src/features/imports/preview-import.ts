import type { ImportContext } from '../../domain/exception/import-record.ts';
import { FileKeys } from './file-keys.ts';
import { readImportFile } from './import-file.ts';
import type { ImportPreview, PlacedRemark } from './import-schemas.ts';
import type { ImportServices, ImportSource } from './import-services.ts';
import { placeRecords } from './place-records.ts';
import { recordBatches } from './record-batches.ts';
import { type FileRecord, inOrder } from './record-part.ts';

/** Records that are shown with their fields, and the size of all of them together. */
const SHOWN = { records: 200, bytes: 2 * 1024 * 1024 };
/** Problems and warnings that are listed; those beyond are counted. */
const LISTED = 1_000;

/**
 * Shows what each record of a file would become, beside everything that is wrong with the file, and
 * writes nothing. What is shown is bounded, what is counted is all of it.
 */
export async function previewImport(
  file: ImportSource,
  context: ImportContext,
  { db, register }: ImportServices,
): Promise<ImportPreview> {
  const { tenantId } = context;
  const preview = new Preview();
  const keys = new FileKeys();
  const parts = readImportFile(file, context);
  for await (const batch of recordBatches(parts, (problems) => preview.addProblems(problems))) {
    for (const record of batch) preview.addProblems(keys.add(record));
    const placements = await db.inTenant(context, (tx) =>
      placeRecords(tx, tenantId, batch, register),
    );
    for (const { record, place } of placements) {
      if (place === 'new') preview.add(record);
      else if ('problem' in place) preview.addProblems([place.problem]);
      else preview.add(record, place.knownAs);
    }
  }
  return preview.answer();
}

class Preview {
  readonly #records: ImportPreview['records'] = [];
  readonly #problems: PlacedRemark[] = [];
  readonly #warnings: PlacedRemark[] = [];
  #bytes = 0;
  #counts = { created: 0, unchanged: 0, problems: 0 };

  /** A record that would be made, or that is known by its id already. */
  add(record: FileRecord, knownAs?: string): void {
    const { draft, title, line, notes, warnings } = record;
    this.#counts[knownAs === undefined ? 'created' : 'unchanged'] += 1;
    this.#warnings.push(...warnings.slice(0, LISTED - this.#warnings.length));
    this.#bytes += draft.bytes;
    if (this.#records.length >= SHOWN.records || this.#bytes > SHOWN.bytes) return;
    const id = knownAs ?? draft.exceptionId;
    this.#records.push({
      ...(id === undefined ? {} : { exception_id: id }),
      title,
      line,
      result: knownAs === undefined ? 'created' : 'unchanged',
      fields: draft.fields,
      claims: draft.claims
        ? { ...draft.claims, approvals: [...(draft.claims.approvals ?? [])] }
        : null,
      notes: [...notes],
    });
  }

  addProblems(problems: readonly PlacedRemark[]): void {
    this.#counts.problems += problems.length;
    this.#problems.push(...problems.slice(0, LISTED - this.#problems.length));
  }

  answer(): ImportPreview {
    return {
      records: this.#records,
      problems: inOrder(this.#problems),
      warnings: this.#warnings,
      counts: this.#counts,
    };
  }
}
