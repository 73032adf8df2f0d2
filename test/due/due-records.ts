import pg from 'pg';
import { exceptionStream } from '../../src/features/exceptions/exception-store.ts';
import { record } from '../../src/journal/journal.ts';
import type { Database } from '../../src/platform/db/transaction.ts';
import { newUlid } from '../../src/platform/ids.ts';
import type { Connection } from '../../src/platform/postgres/open-database.ts';
import { fully } from '../support/fully.ts';
import type { Story } from '../support/given.ts';
import { appendOf } from '../support/story-append.ts';

const BATCH = 500;

/** Writes a story so many times, each as a record of its own; answers their ids, which are in order. */
export async function writeRecords(
  db: Database,
  tenantId: string,
  story: Story,
  count: number,
): Promise<string[]> {
  const ids = Array.from({ length: count }, () => `EXC_${newUlid()}`);
  for (let first = 0; first < count; first += BATCH) {
    const part = ids.slice(first, first + BATCH);
    await db.inTenant(fully(tenantId), async (tx) => {
      record(
        tx,
        exceptionStream,
        part.map((id) => appendOf(story, tenantId, id)),
      );
    });
  }
  return ids;
}

/** The database as its owner sees it. */
export async function openAdmin(connection: Connection): Promise<pg.Client> {
  const client = new pg.Client(connection);
  // The database is dropped under whoever is still connected.
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Moves the domain's clock. */
export async function moveClock(admin: pg.Client, now: number): Promise<void> {
  await admin.query(
    `UPDATE lapse.test_clock
     SET offset_ms = $1 - floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`,
    [now],
  );
}

/** How many records stand in each status. */
export async function countStatuses(admin: pg.Client): Promise<Record<string, number>> {
  const { rows } = await admin.query<{ status: string; count: number }>(
    'SELECT status, count(*)::int AS count FROM lapse.exceptions GROUP BY status',
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

/** What is wrong with the streams of exceptions: gaps, repeated transitions, rows that differ. */
export async function streamProblems(admin: pg.Client, type: string): Promise<unknown[]> {
  const { rows } = await admin.query(
    `SELECT s.*, e.version AS stored FROM lapse.exceptions e LEFT JOIN (
       SELECT stream_id, count(*)::int AS events, max(version) AS newest,
         count(*) FILTER (WHERE convert_from(envelope, 'UTF8')::jsonb ->> 'type' = $1)::int AS transitions
       FROM lapse.events WHERE stream_type = 'exception' GROUP BY stream_id
     ) s ON s.stream_id = e.exception_id
     WHERE (s.events, s.newest, s.transitions) IS DISTINCT FROM (e.version, e.version, 1)`,
    [type],
  );
  return rows;
}
