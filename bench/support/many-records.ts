import type { Client } from 'pg';

const CHUNK = 50_000;

/**
 * Fills the register up to `count` records with copies of those that are there, each with an id and
 * a time of its own: rows alone, as fast as PostgreSQL takes them, for what reads the register and
 * not its journal. Indexes are built at the end, which is several times faster than keeping them.
 */
export async function copyRecords(
  admin: Client,
  count: number,
  progress: (done: number) => void,
): Promise<void> {
  const columns = await columnsOf(admin);
  const { rows: indexes } = await admin.query<{ name: string; definition: string }>(
    `SELECT indexname AS name, indexdef AS definition FROM pg_indexes
     WHERE schemaname = 'lapse' AND tablename = 'exceptions' AND indexname <> 'exceptions_pkey'`,
  );
  const { rows: first } = await admin.query('SELECT count(*)::int AS count FROM lapse.exceptions');
  await admin.query('SET synchronous_commit = off');
  for (const { name } of indexes) await admin.query(`DROP INDEX lapse.${name}`);
  await admin.query(
    'CREATE TEMP TABLE originals AS SELECT row_number() OVER () - 1 AS original, * FROM lapse.exceptions',
  );
  for (let done: number = first[0].count; done < count; ) {
    const last = Math.min(done + CHUNK, count);
    await admin.query(
      `INSERT INTO lapse.exceptions (${columns.join(', ')})
       SELECT ${columns.map(copied).join(', ')}
       FROM generate_series($1::int, $2::int) n
       CROSS JOIN LATERAL (SELECT 'EXC_01' || lpad(n::text, 24, '0') AS id) i
       JOIN originals o ON o.original = n % $3::int`,
      [done, last - 1, first[0].count],
    );
    done = last;
    progress(done);
  }
  await admin.query("SET maintenance_work_mem = '512MB'");
  for (const { definition } of indexes) await admin.query(definition);
  await admin.query('DROP TABLE originals');
  await admin.query('VACUUM ANALYZE lapse.exceptions');
}

async function columnsOf(admin: Client): Promise<string[]> {
  const { rows } = await admin.query<{ name: string }>(
    `SELECT column_name AS name FROM information_schema.columns
     WHERE table_schema = 'lapse' AND table_name = 'exceptions' AND is_generated = 'NEVER'`,
  );
  return rows.map(({ name }) => name);
}

function copied(column: string): string {
  if (column === 'exception_id') return 'i.id';
  if (column === 'state') return "jsonb_set(o.state::jsonb, '{exception_id}', to_jsonb(i.id))";
  if (column === 'created_at') return "o.created_at + n * interval '1 millisecond'";
  return `o.${column}`;
}
