import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientConfig } from 'pg';
import { migrationsFolder } from '../../src/main/database-setup.ts';
import { openDatabase } from '../../src/platform/db/database.ts';
import { migrate } from '../../src/platform/db/migrate.ts';
import type { Database } from '../../src/platform/db/transaction.ts';
import { startPrivatePostgres } from '../../src/platform/postgres/private-postgres.ts';

/** A private PostgreSQL of a benchmark's own, migrated, and gone when it is closed. */
export interface ScratchDatabase {
  readonly db: Database;
  /** As superuser, who owns everything. */
  readonly admin: ClientConfig;
  /** As the application. */
  readonly application: ClientConfig;
  /** As the worker, across tenants. */
  readonly worker: ClientConfig;
  /** An empty folder beside the cluster. */
  readonly folder: string;
  close(): Promise<void>;
}

/**
 * Starts it below a folder, the system's temporary one (`TMPDIR`) unless told, with the settings that
 * Lapse ships and those that are given.
 */
export async function openScratchDatabase(
  settings: Readonly<Record<string, string>> = {},
  parent = tmpdir(),
): Promise<ScratchDatabase> {
  const folder = mkdtempSync(join(parent, 'lapse-bench-'));
  // Root's PostgreSQL runs as another user, who has to pass through.
  chmodSync(folder, 0o711);
  const server = await startPrivatePostgres({ dataDir: join(folder, 'data'), settings });
  const admin = server.connection;
  const password = 'bench';
  const application = { ...admin, user: 'bench_application', password };
  const worker = { ...admin, user: 'bench_worker', password };
  await migrate({
    admin,
    folder: migrationsFolder(),
    logins: [
      { name: application.user, group: 'lapse_app', password },
      { name: worker.user, group: 'lapse_worker', password },
    ],
  });
  const db = openDatabase({ application, worker });
  return {
    db,
    admin,
    application,
    worker,
    folder,
    async close() {
      await db.close();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
