import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createTestDatabase } from '../../../test/support/postgres.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { holdMigrations, migrationNames, rebuildSchema } from './migrate.ts';
import { WholeTransaction } from './whole-transaction.ts';

const { connection, drop } = await createTestDatabase();
afterAll(() => drop());

test('a schema is made up to one migration, filled, and brought to the newest, all in one transaction', async () => {
  const folder = join(temporaryFolder(), 'migrations');
  cpSync('migrations', folder, { recursive: true });
  const older = (await migrationNames(folder)).at(-1) ?? '';
  const later = "ALTER TABLE lapse.comments ADD COLUMN mood text NOT NULL DEFAULT 'calm';";
  writeFileSync(join(folder, '9999-later.sql'), later);

  const tx = await WholeTransaction.begin(connection, { name: 'test', begin: 'BEGIN' });
  await holdMigrations(tx.client);
  const finish = await rebuildSchema(tx.client, folder, older);
  const versions = 'SELECT name FROM lapse.schema_migrations ORDER BY name';
  expect((await tx.query(versions)).at(-1)).toEqual({ name: older });
  await tx.query("INSERT INTO lapse.comments VALUES ('T', 'E', 'C', 'a', 'A', 'b', now())");
  await finish();
  expect((await tx.query(versions)).at(-1)).toEqual({ name: '9999-later.sql' });
  expect(await tx.query('SELECT mood FROM lapse.comments')).toEqual([{ mood: 'calm' }]);
  await tx.close();

  const after = await WholeTransaction.begin(connection, { name: 'test', begin: 'BEGIN' });
  expect((await after.query(versions)).at(-1)).toEqual({ name: older });
  await after.close();
});
