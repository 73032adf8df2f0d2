import { type Client, escapeIdentifier, escapeLiteral } from 'pg';

/** The group roles that migrations grant rights to; none of them can log in or owns anything. */
export type GroupRole = 'lapse_app' | 'lapse_worker' | 'lapse_retention' | 'lapse_backup';

/** A login that acts as one group role. */
export interface Login {
  readonly name: string;
  readonly password?: string;
  readonly group: GroupRole;
}

const ROLES = [
  'lapse_owner',
  'lapse_app',
  'lapse_worker',
  'lapse_retention',
  'lapse_backup',
] as const;

/** Creates the roles, the schema and the table of migrations where they are missing. */
export async function ensureRoles(client: Client): Promise<void> {
  for (const role of ROLES) {
    // Another database of the same server may create the role at this moment.
    await client.query(`DO $$ BEGIN CREATE ROLE ${role} NOLOGIN;
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`);
  }
  await client.query(`
    GRANT lapse_owner, lapse_backup TO CURRENT_USER;
    CREATE SCHEMA IF NOT EXISTS lapse AUTHORIZATION lapse_owner;
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    SET ROLE lapse_owner;
    CREATE TABLE IF NOT EXISTS lapse.schema_migrations (
      name        text PRIMARY KEY,
      checksum    text NOT NULL,
      applied_at  timestamptz(3) NOT NULL DEFAULT clock_timestamp()
    );
    GRANT USAGE ON SCHEMA lapse TO lapse_app, lapse_worker, lapse_retention, lapse_backup;
    GRANT SELECT ON lapse.schema_migrations TO lapse_app, lapse_worker, lapse_retention, lapse_backup;
    RESET ROLE;`);
}

/**
 * Makes a login that may act as one group role alone, or brings one that exists to that. The
 * password is sent as a SCRAM verifier's source over the administrator's own connection.
 */
export async function ensureLogin(client: Client, { name, password, group }: Login): Promise<void> {
  const { rows } = await client.query('SELECT rolsuper FROM pg_roles WHERE rolname = $1', [name]);
  if (rows[0]?.rolsuper)
    throw new Error(`the login ${name} is a superuser; give Lapse a login of its own`);
  const login = escapeIdentifier(name);
  if (rows.length === 0)
    await client.query(`CREATE ROLE ${login} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE`);
  if (password !== undefined)
    await client.query(`ALTER ROLE ${login} PASSWORD ${escapeLiteral(password)}`);
  await client.query(`GRANT ${group} TO ${login}`);
}
