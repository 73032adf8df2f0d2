import type { ImportContext } from '../../domain/exception/import-record.ts';
import { decodeRuns } from './created-runs.ts';
import { readImportFile } from './import-file.ts';
import { ImportResult } from './import-result.ts';
import type { ImportAnswer } from './import-schemas.ts';
import type { ImportServices, ImportSource } from './import-services.ts';
import { placeRecords } from './place-records.ts';
import { recordBatches } from './record-batches.ts';
import { RefusalList } from './refusal-list.ts';

/**
 * Tells the answer of an import again, from the same file: its records are known by their keys by
 * now, and `runs` says which of them that import had made. Writes nothing.
 */
export async function repeatImport(
  file: ImportSource,
  context: ImportContext,
  runs: string,
  { db, register }: ImportServices,
): Promise<ImportAnswer> {
  const { tenantId } = context;
  const made = decodeRuns(runs);
  const refusals = new RefusalList();
  const result = new ImportResult();
  const parts = readImportFile(file, context);
  for await (const batch of recordBatches(parts, (problems) => refusals.add(problems))) {
    const placements = await db.inTenant(context, (tx) =>
      placeRecords(tx, tenantId, batch, register),
    );
    for (const { record, place } of placements) {
      const wasMade = made.next().value === true;
      if (place === 'new' || 'problem' in place)
        throw new Error('a record that was imported is not known by its keys');
      if (wasMade) result.addCreated(record, place.knownAs);
      else result.addUnchanged(record, place.knownAs, place.reason);
    }
  }
  refusals.throwIfAny();
  return result.answer();
}
