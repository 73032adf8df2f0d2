import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { migrateGiven, prepareDatabase } from '../../src/main/database-setup.ts';
import { type RunningServer, start } from '../../src/main/serve.ts';
import type { Config, ConfigSecrets } from '../../src/platform/config/config.ts';
import { readConfig } from '../../src/platform/config/config.ts';

const suffix = randomBytes(4).toString('hex');
const database = `given_${suffix}`;
const login = `company_app_${suffix}`;
const silent = () => {};

let folder: string;
let admin: pg.Client;
let config: Config;
let secrets: ConfigSecrets;

function url(user: string, password: string): string {
  const { host, port } = inject('postgres');
  return `postgresql://${user}:${password}@/${database}?host=${encodeURIComponent(host)}&port=${port}`;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lapse-given-'));
  const server = inject('postgres');
  admin = new pg.Client(server);
  await admin.connect();
  await admin.query(`CREATE DATABASE ${database}`);
  const env = {
    LAPSE_DATA: folder,
    LAPSE_PORT: '0',
    DATABASE_URL: url(login, 'app'),
    DATABASE_ADMIN_URL: url(server.user, encodeURIComponent(server.password)),
    DATABASE_WORKER_URL: url(`company_worker_${suffix}`, 'worker'),
  };
  ({ config, secrets } = await readConfig(env, folder));
});

afterAll(async () => {
  await admin.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
  await admin.query(`DROP ROLE IF EXISTS ${login}, company_worker_${suffix}`);
  await admin.end();
  rmSync(folder, { recursive: true, force: true });
});

describe('a database that is given', () => {
  it('is refused before it is migrated, with what to do', async () => {
    await admin.query(`CREATE ROLE ${login} LOGIN PASSWORD 'app'`);
    await expect(prepareDatabase(config, secrets, silent)).rejects.toThrow(/run `lapse migrate`/);
  });

  it('is not migrated without an administrator', async () => {
    const without = { ...secrets, databaseAdminUrl: undefined };
    await expect(migrateGiven(config, without, silent)).rejects.toThrow(/DATABASE_ADMIN_URL/);
  });

  it('is brought to this release once, logins included', async () => {
    const first = await migrateGiven(config, secrets, silent);
    expect(first.applied.length).toBeGreaterThan(0);
    expect((await migrateGiven(config, secrets, silent)).applied).toEqual([]);
  });

  it('refuses to serve as a superuser', async () => {
    const asAdmin = { ...secrets, databaseUrl: secrets.databaseAdminUrl };
    await expect(prepareDatabase(config, asAdmin, silent)).rejects.toThrow(
      /superuser or owns the schema/,
    );
  });

  it('refuses to serve as somebody who may become the owner', async () => {
    await admin.query(`GRANT lapse_owner TO ${login}`);
    await expect(prepareDatabase(config, secrets, silent)).rejects.toThrow(
      /superuser or owns the schema/,
    );
    await admin.query(`REVOKE lapse_owner FROM ${login}`);
  });

  it('refuses a worker login as the application, and the other way round', async () => {
    const swapped = { ...secrets, databaseUrl: secrets.databaseWorkerUrl };
    await expect(prepareDatabase(config, swapped, silent)).rejects.toThrow(/run `lapse migrate`/);
  });

  it('serves with several servers at once', async () => {
    const options = {
      config,
      secrets,
      testClock: false,
      api: true,
      worker: true,
      progress: silent,
    };
    const servers: RunningServer[] = await Promise.all([start(options), start(options)]);
    try {
      for (const { address } of servers) {
        const ready = await fetch(`${address}/readyz`);
        expect(await ready.json()).toMatchObject({ checks: { database: true, schema: true } });
      }
      expect(servers.filter((server) => server.adminToken)).toHaveLength(1);
    } finally {
      for (const server of servers) await server.stop();
    }
  });
});
