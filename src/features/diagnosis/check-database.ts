import type { Transaction } from '../../platform/db/transaction.ts';
import { type Check, ok, problem, warning } from './check.ts';

/** Connections of the server that may be taken before somebody should look. */
const BUSY = 0.8;

interface DatabaseFacts {
  readonly version: string;
  readonly fsync: string;
  readonly full_page_writes: string;
  readonly checksums: string;
  readonly taken: number;
  readonly most: number;
}

/** PostgreSQL itself: what it promises of a commit, and whether connections run out. */
export async function checkDatabase(tx: Transaction): Promise<Check> {
  const [facts] = await tx.query<DatabaseFacts & { [name: string]: unknown }>(
    `SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync,
       current_setting('full_page_writes') AS full_page_writes,
       current_setting('data_checksums') AS checksums,
       (SELECT sum(numbackends) FROM pg_stat_database)::int AS taken,
       current_setting('max_connections')::int AS most`,
  );
  if (!facts) throw new Error('PostgreSQL told nothing of itself');
  const name = 'database';
  const { version, taken, most } = facts;
  if (facts.fsync !== 'on' || facts.full_page_writes !== 'on') {
    const setting = facts.fsync !== 'on' ? 'fsync' : 'full_page_writes';
    const mend = `set ${setting} = on in postgresql.conf and restart PostgreSQL`;
    return problem(name, `${setting} is off: a crash may lose what was committed`, mend);
  }
  if (taken > most * BUSY) {
    const mend = 'raise max_connections, or lower database.connections in lapse.config.yaml';
    return warning(name, `${taken} of ${most} connections are taken`, mend);
  }
  if (facts.checksums !== 'on') {
    const mend = 'stop PostgreSQL and run pg_checksums --enable on its data folder';
    return warning(name, 'data checksums are off: a broken disk may go unseen', mend);
  }
  return ok(name, `PostgreSQL ${version}, ${taken} of ${most} connections`);
}

/** The migration that this release needs. */
export async function checkSchema(tx: Transaction, schemaVersion: string): Promise<Check> {
  const rows = await tx.query('SELECT FROM lapse.schema_migrations WHERE name = $1', [
    schemaVersion,
  ]);
  if (rows.length > 0) return ok('schema', schemaVersion);
  return problem(
    'schema',
    `${schemaVersion} is not applied`,
    'run `lapse migrate` with DATABASE_ADMIN_URL',
  );
}

/** Kept apart by PostgreSQL: the login owns nothing, and every tenant's table has its policy. */
export async function checkRoles(tx: Transaction): Promise<Check> {
  const [row] = await tx.query<{ login: string; mighty: boolean; open: string[] }>(
    `SELECT current_user::text AS login,
       (SELECT rolsuper OR rolbypassrls OR pg_has_role(current_user, 'lapse_owner', 'MEMBER')
        FROM pg_roles WHERE rolname = current_user) AS mighty,
       ARRAY(SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'lapse'::regnamespace AND c.relkind IN ('r', 'p')
          AND a.attname = 'tenant_id' AND NOT c.relrowsecurity ORDER BY 1) AS open`,
  );
  if (!row) throw new Error('PostgreSQL knows no such login');
  const { login, mighty, open } = row;
  if (mighty) {
    const mend = 'run `lapse migrate` with DATABASE_ADMIN_URL, which makes a login without rights';
    return problem(
      'roles',
      `${login} is a superuser, passes row-level security or owns the schema`,
      mend,
    );
  }
  if (open.length > 0) {
    const mend = 'find out who changed the schema; restore a backup into an empty database';
    return problem('roles', `row-level security is off for ${open.join(', ')}`, mend);
  }
  return ok('roles', `${login} sees one tenant at a time`);
}
