import { fieldsOrRefuse, parseFields } from '../../src/domain/exception/parse-fields.ts';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { exceptionStream } from '../../src/features/exceptions/exception-store.ts';
import { record } from '../../src/journal/journal.ts';
import type { Database } from '../../src/platform/db/transaction.ts';
import { Story } from '../../test/support/given.ts';
import { appendOf } from '../../test/support/story-append.ts';
import { sampleRequest } from './sample-request.ts';

const BATCH = 500;
/** The sample asks for sixty days. */
const LENGTH = 60 * DAY;

/** Writes so many records in force, all of which end at the same instant; answers that instant. */
export async function writeRecordsInForce(
  db: Database,
  tenantId: string,
  count: number,
  progress: (done: number) => void,
): Promise<number> {
  const start = await db.inTenant(tenantId, (tx) => tx.now);
  for (let first = 0; first < count; first += BATCH) {
    await db.inTenant({ tenantId, clearance: 'confidential' }, async (tx) => {
      const length = Math.min(BATCH, count - first);
      const appends = Array.from({ length }, (_, index) =>
        appendOf(inForce(first + index, start), tenantId),
      );
      record(tx, exceptionStream, appends);
    });
    progress(Math.min(first + BATCH, count));
  }
  return start + LENGTH;
}

/** What the decider makes of a request that everybody approves and that is put in force, all at once. */
function inForce(serial: number, now: number): Story {
  const fields = fieldsOrRefuse(parseFields(sampleRequest(serial)));
  return new Story(now, BUILT_IN_POLICY, [])
    .with({ type: 'DraftException', fields })
    .submitted()
    .approved()
    .confirmed()
    .after(0);
}
