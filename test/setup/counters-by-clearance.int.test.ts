import { afterAll, expect, test } from 'vitest';
import { miscounted } from '../../src/features/exceptions/exception-counts-check.ts';
import { migrationsFolder } from '../../src/main/database-setup.ts';
import { holdMigrations, rebuildSchema } from '../../src/platform/db/migrate.ts';
import { WholeTransaction } from '../../src/platform/db/whole-transaction.ts';
import { createTestDatabase } from '../support/postgres.ts';

const { connection, drop } = await createTestDatabase();
afterAll(() => drop());

/** The last migration before counters had the classification of what they count. */
const BEFORE = '0012-providers.sql';
const TENANT = '01J6M9M5Y0Q2H6W2QF9Q1VABCD';

test('counters are counted anew when they come to count by classification', async () => {
  const tx = await WholeTransaction.begin(connection, { name: 'test', begin: 'BEGIN' });
  await holdMigrations(tx.client);
  const finish = await rebuildSchema(tx.client, migrationsFolder(), BEFORE);
  // Two open records of each classification, one and a draft that have none, and chains of all lengths.
  await tx.query(
    `INSERT INTO lapse.exceptions (tenant_id, exception_id, version, fields, state, status, kind, title, category,
       data_classification, severity, created_at, updated_at, activates_at, expiring_at, expires_at, due_at,
       hands_over, activated_at, renewal_number, lacks_evidence)
     SELECT $1, 'EXC_' || n, 1, '{}', '{}', CASE WHEN n > 8 THEN 'Draft' ELSE 'Active' END, 'time-boxed', 'x', 'network',
       ('{public,internal,restricted,confidential}'::text[])[1 + n / 2], 'High', t, t, t, t, t, t,
       false, CASE WHEN n > 8 THEN 'infinity' ELSE t END, n * 3, n % 2 = 0
     FROM generate_series(0, 9) AS n, (VALUES ('2026-01-05'::timestamptz)) AS v (t)`,
    [TENANT],
  );
  await tx.query(
    `INSERT INTO lapse.exception_counts VALUES ($1, 'category', 'network', 'Active', 'High', 7)`,
    [TENANT],
  );
  await finish();
  expect(await miscounted(tx, TENANT)).toBeUndefined();
  const counts = await tx.query(
    `SELECT data_classification AS classification, status, count FROM lapse.exception_counts
     WHERE facet = 'category' ORDER BY 1, 2`,
  );
  expect(counts).toEqual([
    { classification: 'confidential', status: 'Active', count: 2 },
    { classification: 'internal', status: 'Active', count: 3 },
    { classification: 'internal', status: 'Draft', count: 1 },
    { classification: 'public', status: 'Active', count: 2 },
    { classification: 'restricted', status: 'Active', count: 2 },
  ]);
  await tx.close();
});
