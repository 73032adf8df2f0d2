import { escapeIdentifier } from 'pg';
import type { WholeTransaction } from '../../platform/db/whole-transaction.ts';
import { LEFT_TABLES } from './table-roles.ts';

/** The database holds something that a restore would have to overwrite. */
export class DatabaseNotEmptyError extends Error {
  override readonly name = 'DatabaseNotEmptyError';
}

/**
 * Refuses a database in which any table of Lapse has rows, and names the tenants. Its tables stay
 * locked until the transaction ends, so that no server makes its first tenant meanwhile.
 *
 * @throws DatabaseNotEmptyError
 */
export async function assertEmpty(tx: WholeTransaction): Promise<void> {
  const tables = await tx.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'lapse' ORDER BY tablename",
  );
  const names = tables.map(({ name }) => name);
  if (names.length === 0) return;
  const places = names.map((name) => `lapse.${escapeIdentifier(name)}`);
  await tx.query("SET LOCAL lock_timeout = '3s'");
  await tx.query(`LOCK TABLE ${places.join(', ')} IN ACCESS EXCLUSIVE MODE`);
  const filled: string[] = [];
  for (const name of names.filter((each) => !LEFT_TABLES.includes(each))) {
    const [row] = await tx.query<{ filled: boolean }>(
      `SELECT EXISTS (SELECT FROM lapse.${escapeIdentifier(name)}) AS filled`,
    );
    if (row?.filled) filled.push(name);
  }
  if (filled.length === 0) return;
  const tenants = filled.includes('tenants') ? await describeTenants(tx) : [];
  throw new DatabaseNotEmptyError(
    tenants.length > 0
      ? `the database is not empty: it holds ${tenants.join('; ')}`
      : `the database is not empty: there are rows in ${filled.join(', ')}`,
  );
}

const SHOWN = 5;

async function describeTenants(tx: WholeTransaction): Promise<string[]> {
  const rows = await tx.query<{ tenant_id: string; name: string; events: number; all: number }>(
    `SELECT tenant_id, name, count(*) OVER () AS all,
       (SELECT count(*) FROM lapse.events e WHERE e.tenant_id = t.tenant_id) AS events
     FROM lapse.tenants t ORDER BY created_at, tenant_id LIMIT ${SHOWN}`,
  );
  const shown = rows.map(({ tenant_id: id, name, events }) => {
    return `tenant ${name} (${id}) with ${events} ${events === 1 ? 'event' : 'events'}`;
  });
  const over = (rows[0]?.all ?? 0) - rows.length;
  return over > 0 ? [...shown, `and ${over} more`] : shown;
}
