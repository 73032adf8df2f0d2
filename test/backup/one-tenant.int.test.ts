import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CARRIED_TABLES } from '../../src/features/backup/table-roles.ts';
import { loadMasterKey } from '../../src/platform/secrets/key-file.ts';
import { readSecret } from '../../src/platform/secrets/stored-secrets.ts';
import { COMPLETE } from '../support/given.ts';
import { form, PDF } from '../support/sample-files.ts';
import { createTestApi, type TestTenant } from '../support/test-api.ts';
import { backUpApi, createTarget, type RestoreTarget, rowsOf } from './backup-lab.ts';

const api = await createTestApi();
const path = join(api.dataDir, 'other.backup');
let other: TestTenant;
let target: RestoreTarget;

beforeAll(async () => {
  other = await api.addTenant();
  await api.send('POST', '/v1/exceptions', { as: 'requestor', body: COMPLETE });
  const token = other.tokens.requestor;
  const { body } = await api.send('POST', '/v1/exceptions', { token, body: COMPLETE });
  await api.send('POST', `/v1/exceptions/${body.exception_id}/evidence`, {
    token,
    ...form(PDF, 'theirs.pdf'),
  });
  const provider = { label: 'W', issuer: 'https://id.example.com', client_id: 'l' };
  await api.send('PUT', '/v1/providers/work', {
    token: other.tokens.administrator,
    body: { ...provider, client_secret: 'theirs alone' },
  });
  await api.lapse.loop.settle();
  target = await createTarget(api.dataDir);
});
afterAll(async () => {
  await target.drop();
  await api.close();
});

test('a tenant by itself is written, restored and verified, with nothing of another', async () => {
  const written = await backUpApi(api, path, undefined, { tenant: other.tenantId });
  expect(written.manifest.tenants.map(({ tenant_id: id }) => id)).toEqual([other.tenantId]);
  const { tenants } = await target.restore(path);
  expect(tenants.map(({ verification }) => verification.ok)).toEqual([true]);
  for (const table of CARRIED_TABLES.filter((name) => name !== 'secrets')) {
    const all = (await rowsOf(api.admin, table)) as { tenant_id: string }[];
    const theirs = all.filter(({ tenant_id: id }) => id === other.tenantId);
    expect(await rowsOf(target.admin, table), table).toEqual(theirs);
  }
});

test('its secrets open under a key that is its own, and the server’s key is not in it', async () => {
  const master = await loadMasterKey(undefined, join(target.dataDir, 'master-key'));
  expect(api.register.master.keyIds).not.toContain(master.keyId);
  const text = readFileSync(join(target.dataDir, 'master-key'), 'utf8').trim();
  expect(text).not.toBe(Buffer.alloc(32, 7).toString('base64'));
  const reader = {
    query: async (sql: string, values: readonly unknown[] = []) =>
      (await target.admin.query(sql, [...values])).rows,
  };
  const { tenantId } = other;
  const opened = (secretId: string) => readSecret(reader as never, { tenantId, secretId }, master);
  expect(Buffer.from((await opened('provider/work')) ?? '').toString()).toBe('theirs alone');
  expect(await opened('ledger-signing-key')).toBeDefined();
});

test('a tenant that is not there is refused', async () => {
  const unknown = backUpApi(api, path, undefined, { tenant: '01J6M9M5Y0Q2H6W2QF9Q1VABCE' });
  await expect(unknown).rejects.toThrow(/holds no such tenant/);
});
