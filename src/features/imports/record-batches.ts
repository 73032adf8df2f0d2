import type { PlacedRemark } from './import-schemas.ts';
import type { FilePart, FileRecord } from './record-part.ts';

/** Records that go to the database at once. */
const BATCH_RECORDS = 200;
/** Their size together, so that a batch of the largest records takes no more memory than others. */
const BATCH_BYTES = 4 * 1024 * 1024;

/** Gathers the records of a file into batches, and hands its problems on as they come. */
export async function* recordBatches(
  parts: AsyncIterable<FilePart>,
  onProblems: (problems: readonly PlacedRemark[]) => void,
): AsyncGenerator<readonly FileRecord[], void> {
  let batch: FileRecord[] = [];
  let bytes = 0;
  for await (const part of parts) {
    if ('problems' in part) {
      onProblems(part.problems);
      continue;
    }
    batch.push(part.record);
    bytes += part.record.draft.bytes;
    if (batch.length < BATCH_RECORDS && bytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}
