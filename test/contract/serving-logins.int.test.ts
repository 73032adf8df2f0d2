import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareDatabase } from '../../src/main/database-setup.ts';
import { readConfig } from '../../src/platform/config/config.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { APPLICATION_LOGIN, WORKER_LOGIN } from '../support/template-database.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const suffix = randomBytes(4).toString('hex');
const logins = {
  both: `both_${suffix}`,
  backup: `backup_${suffix}`,
  owner: `owner_${suffix}`,
  bypass: `bypass_${suffix}`,
};
let database: TestDatabase;
let admin: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  admin = new pg.Client(database.connection);
  await admin.connect();
  await admin.query(`
    CREATE ROLE ${logins.both} LOGIN PASSWORD 'x'; GRANT lapse_app, lapse_worker TO ${logins.both};
    CREATE ROLE ${logins.backup} LOGIN PASSWORD 'x'; GRANT lapse_app, lapse_backup TO ${logins.backup};
    CREATE ROLE ${logins.owner} LOGIN PASSWORD 'x'; GRANT lapse_app, lapse_owner TO ${logins.owner};
    CREATE ROLE ${logins.bypass} LOGIN PASSWORD 'x' BYPASSRLS; GRANT lapse_app TO ${logins.bypass}`);
});
afterAll(async () => {
  await admin.query(`DROP ROLE ${Object.values(logins).join(', ')}`);
  await admin.end();
  await database.drop();
});

function urlOf(name: string, password: string): string {
  const { host, port, database: path } = database.connection;
  return `postgresql://${name}:${password}@/${path}?host=${encodeURIComponent(host)}&port=${port}`;
}

async function serveWith(application: string, worker: string): Promise<unknown> {
  const env = { LAPSE_DATA: 'data', DATABASE_URL: application, DATABASE_WORKER_URL: worker };
  const { config, secrets } = await readConfig(env, temporaryFolder());
  return prepareDatabase(config, secrets, () => {});
}

const application = () => urlOf(APPLICATION_LOGIN.name, APPLICATION_LOGIN.password);
const worker = () => urlOf(WORKER_LOGIN.name, WORKER_LOGIN.password);

test('logins with one role each are served with', async () => {
  await expect(serveWith(application(), worker())).resolves.toHaveProperty('schemaVersion');
});

test.each([
  ['acts as application and worker', 'both', /as another of its roles too/],
  ['acts as application and reads for backups', 'backup', /as another of its roles too/],
  ['may act as the owner', 'owner', /owns the schema/],
  ['sees past row-level security', 'bypass', /superuser/],
] as const)('a login that %s is refused', async (_, name, reason) => {
  const login = urlOf(logins[name], 'x');
  await expect(serveWith(login, worker())).rejects.toThrow(reason);
  await expect(serveWith(application(), login)).rejects.toThrow();
  await expect(serveWith(login, login)).rejects.toThrow(reason);
});

test('one login for both is refused', async () => {
  await expect(serveWith(worker(), worker())).rejects.toThrow(/run `lapse migrate`/);
});

test('what is said of a login holds no password', async () => {
  const login = urlOf(logins.both, 'x').replace(':x@', ':hunter2hunter2@');
  const refusal = await serveWith(login, worker()).then(
    () => '',
    (error: Error) => `${error.message} ${error.stack}`,
  );
  expect(refusal).toMatch(/password|authentication|roles/);
  expect(refusal).not.toContain('hunter2');
});
