import type { ImportContext } from '../../domain/exception/import-record.ts';
import { FileKeys } from './file-keys.ts';
import { readImportFile } from './import-file.ts';
import { ImportResult } from './import-result.ts';
import type { ImportAnswer } from './import-schemas.ts';
import type { ImportServices, ImportSource } from './import-services.ts';
import { placeRecords } from './place-records.ts';
import { recordBatches } from './record-batches.ts';
import { RefusalList } from './refusal-list.ts';

/**
 * Finds everything that is wrong with a file and refuses it with `import-refused`; else answers
 * what importing it now would do. Looks records up in short transactions and writes nothing.
 */
export async function checkImport(
  file: ImportSource,
  context: ImportContext,
  { db, register }: ImportServices,
): Promise<ImportAnswer> {
  const { tenantId } = context;
  const refusals = new RefusalList();
  const keys = new FileKeys();
  const result = new ImportResult();
  const parts = readImportFile(file, context);
  for await (const batch of recordBatches(parts, (problems) => refusals.add(problems))) {
    for (const record of batch) refusals.add(keys.add(record));
    const placements = await db.inTenant(context, (tx) =>
      placeRecords(tx, tenantId, batch, register),
    );
    for (const { record, place } of placements) {
      if (place === 'new') result.addCreated(record);
      else if ('problem' in place) refusals.add([place.problem]);
      else result.addUnchanged(record, place.knownAs, place.reason);
    }
  }
  refusals.throwIfAny();
  return result.answer();
}
