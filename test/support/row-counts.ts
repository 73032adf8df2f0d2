import type pg from 'pg';

/** How many rows the tables hold that every change writes to. */
export async function rowCounts(admin: pg.Pool): Promise<unknown> {
  const counts = ['events', 'event_payloads', 'exceptions', 'comments', 'tokens', 'idempotency']
    .map((table) => `(SELECT count(*)::int FROM lapse.${table}) AS ${table}`)
    .join(', ');
  return (await admin.query(`SELECT ${counts}`)).rows[0];
}
