import { ensureFirstTenant } from '../../src/features/tenants/tenant-service.ts';
import { openDatabase } from '../../src/platform/db/database.ts';
import type { Database } from '../../src/platform/db/transaction.ts';
import type { Connection } from '../../src/platform/postgres/open-database.ts';
import { type MasterKey, masterKey } from '../../src/platform/secrets/secrets.ts';
import { createTestDatabase } from './postgres.ts';
import { APPLICATION_LOGIN, RETENTION_LOGIN, WORKER_LOGIN } from './template-database.ts';

/** A database of its own with a first tenant, reached by the logins that the product uses. */
export interface TestRegister {
  readonly db: Database;
  readonly tenantId: string;
  readonly master: MasterKey;
  /** As superuser: for looking behind the roles, and for tampering. */
  readonly admin: Connection;
  readonly application: Connection;
  readonly worker: Connection;
  readonly retention: Connection;
  /** Closes the pools and removes the database. */
  drop(): Promise<void>;
}

/** Makes a register whose clock tests can move by writing `lapse.test_clock`. */
export async function createTestRegister(): Promise<TestRegister> {
  const { connection: admin, drop } = await createTestDatabase();
  const application = {
    ...admin,
    user: APPLICATION_LOGIN.name,
    password: APPLICATION_LOGIN.password,
  };
  const worker = { ...admin, user: WORKER_LOGIN.name, password: WORKER_LOGIN.password };
  const retention = { ...admin, user: RETENTION_LOGIN.name, password: RETENTION_LOGIN.password };
  const db = openDatabase({ application, worker, retention, testClock: true, connections: 6 });
  const master = masterKey(new Uint8Array(32).fill(7));
  const options = { publicUrl: 'http://localhost:7400', master };
  const tenantId = await db.inSystem((tx) => ensureFirstTenant(tx, 'Test', options));
  return {
    db,
    tenantId,
    master,
    admin,
    application,
    worker,
    retention,
    async drop() {
      await db.close();
      await drop();
    },
  };
}
