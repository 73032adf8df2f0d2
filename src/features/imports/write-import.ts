import type { ImportContext } from '../../domain/exception/import-record.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { BatchedWrites } from './batched-writes.ts';
import { readImportFile } from './import-file.ts';
import { ImportResult } from './import-result.ts';
import type { ImportCaller, ImportServices, ImportSource } from './import-services.ts';
import { queueImported } from './import-store.ts';
import { placeRecords } from './place-records.ts';
import { recordBatches } from './record-batches.ts';
import type { FileRecord } from './record-part.ts';
import { RefusalList } from './refusal-list.ts';

/**
 * Writes a file that was checked, batch by batch in the transaction that is under way. Refuses with
 * `import-refused` what has come to be wrong since; the transaction then leaves nothing.
 */
export async function writeImport(
  tx: Transaction,
  caller: ImportCaller,
  file: ImportSource,
  context: ImportContext,
  { register }: ImportServices,
): Promise<ImportResult> {
  const { tenantId } = caller;
  // Two imports of the same records meet at their keys, and one waits for all of the other.
  await tx.query("SET LOCAL statement_timeout = '10min'");
  const refusals = new RefusalList();
  const result = new ImportResult();
  const parts = readImportFile(file, context);
  for await (const batch of recordBatches(parts, (problems) => refusals.add(problems))) {
    const placements = await placeRecords(tx, tenantId, batch, register);
    const fresh = placements.filter(({ place }) => place === 'new').map(({ record }) => record);
    const ids = await writeRecords(tx, caller, fresh, context.policy, register);
    for (const { record, place } of placements) {
      if (place === 'new') result.addCreated(record, ids.get(record));
      else if ('problem' in place) refusals.add([place.problem]);
      else result.addUnchanged(record, place.knownAs, place.reason);
    }
  }
  refusals.throwIfAny();
  return result;
}

async function writeRecords(
  tx: Transaction,
  { tenantId, actor }: ImportCaller,
  records: readonly FileRecord[],
  policy: Policy,
  register: ImportServices['register'],
): Promise<ReadonlyMap<FileRecord, string>> {
  const writes = new BatchedWrites(tx);
  const drafts = records.map(({ draft }) => draft);
  const ids = await register.draftAll(writes, policy, tenantId, actor, drafts);
  const imported = ids.flatMap((exceptionId, index) =>
    (drafts[index]?.keys ?? []).map(({ key }) => ({ key, exceptionId })),
  );
  queueImported(writes, tenantId, imported);
  await writes.flush();
  return new Map(ids.flatMap((id, index) => (records[index] ? [[records[index], id]] : [])));
}
