import pg, { type ClientConfig } from 'pg';
import { formatInstant } from '../../src/domain/schedule/instant.ts';
import { createLedgerKey } from '../../src/journal/ledger-key.ts';
import type { Database } from '../../src/platform/db/transaction.ts';
import { newUlid } from '../../src/platform/ids.ts';
import type { MasterKey } from '../../src/platform/secrets/secrets.ts';

const TABLES = `SELECT string_agg(format('lapse.%I', tablename), ', ') AS tables FROM pg_tables
  WHERE schemaname = 'lapse' AND tablename NOT IN ('schema_migrations', 'test_clock')`;

/** Takes every row out of the register, whatever tables there are. */
export async function emptyDatabase(connection: ClientConfig): Promise<void> {
  const admin = new pg.Client(connection);
  await admin.connect();
  try {
    const { rows } = await admin.query<{ tables: string }>(TABLES);
    await admin.query(`TRUNCATE ${rows[0]?.tables} RESTART IDENTITY CASCADE`);
  } finally {
    await admin.end();
  }
}

/** Two companies that share the database, each with its ledger key; answers their ids. */
export async function makeTenants(db: Database, master: MasterKey, now: number): Promise<string[]> {
  const tenants = [newUlid(), newUlid()];
  const at = formatInstant(now);
  await db.inSystem(async (tx) => {
    for (const tenantId of tenants) {
      tx.atCommit('INSERT INTO lapse.tenants (tenant_id, name, created_at) VALUES ($1, $2, $3)', [
        ...[tenantId, 'Simulated', at],
      ]);
      createLedgerKey(tx, tenantId, `localhost:7400/ledger/${tenantId}`, master, at);
    }
  });
  return tenants;
}
