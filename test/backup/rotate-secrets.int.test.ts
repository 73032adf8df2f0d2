import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { retireKeys, rotateSecrets, type SecretsCommand } from '../../src/main/rotate-secrets.ts';
import { readConfig } from '../../src/platform/config/config.ts';
import { loadMasterKey } from '../../src/platform/secrets/key-file.ts';
import { keyLines, masterKey } from '../../src/platform/secrets/secrets.ts';
import { resealBatch } from '../../src/platform/secrets/stored-secrets.ts';
import { draft } from '../support/api-records.ts';
import { createTestApi } from '../support/test-api.ts';
import { backUpApi, createTarget, environmentFor } from './backup-lab.ts';

const api = await createTestApi({ hasKeyFile: true });
const folder = api.dataDir;
const keyFile = join(api.dataDir, 'master-key');
const PROVIDER = {
  label: 'Work',
  issuer: 'https://id.example.com',
  client_id: 'lapse',
  client_secret: 'the client secret',
};

beforeAll(async () => {
  for (let count = 0; count < 3; count += 1) await api.addTenant();
  await api.send('PUT', '/v1/providers/work', { as: 'administrator', body: PROVIDER });
});
afterAll(() => api.close());

async function command(env: NodeJS.ProcessEnv = {}): Promise<SecretsCommand> {
  const { config, secrets } = await readConfig(
    { ...environmentFor(api.register.admin, api.dataDir), ...env },
    api.dataDir,
  );
  const silent = () => {};
  const { signal } = new AbortController();
  return { config, secrets, progress: silent, onSealed: silent, signal };
}

const keysInUse = async (): Promise<string[]> => {
  const { rows } = await api.admin.query('SELECT DISTINCT key_id FROM lapse.secrets ORDER BY 1');
  return rows.map(({ key_id }) => key_id);
};

/** That the running server opens what it has to: it signs, and knows a provider's secret. */
async function expectWorking(title: string): Promise<void> {
  await draft(api, { title });
  await api.lapse.loop.settle();
  const { rows } = await api.admin.query(
    `SELECT max(size)::int AS signed, (SELECT count(*)::int FROM lapse.events WHERE tenant_id = $1) AS events
     FROM lapse.ledger_checkpoints WHERE tenant_id = $1`,
    [api.tenantId],
  );
  expect(rows[0].signed).toBe(rows[0].events);
  const { secret } = await api.lapse.providers.client(api.tenantId, 'work');
  expect(secret).toBe(PROVIDER.client_secret);
}

const doctor = async (): Promise<string> => {
  const { body } = await api.send('GET', '/v1/diagnosis', { as: 'administrator' });
  const { state, message } = body.checks.find(
    ({ name }: { name: string }) => name === 'master key',
  );
  return `${state}: ${message}`;
};

describe('a rotation', () => {
  test('seals everything under a new key, and the server that runs goes on', async () => {
    await expectWorking('before');
    const [before] = await keysInUse();
    const shown: number[] = [];
    const done = await rotateSecrets({
      ...(await command()),
      onSealed: (count) => shown.push(count),
    });
    expect(done).toMatchObject({ isNew: true, sealed: 5, previous: [before] });
    expect(await keysInUse()).toEqual([done.keyId]);
    expect(done.keyId).not.toBe(before);
    expect(shown.at(-1)).toBe(5);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    await expectWorking('after');
    expect(await doctor()).toMatch(/^warning: .* is kept beside it/);
  });

  test('that was broken off in the middle leaves all of it to open, and is gone on with', async () => {
    const before = readFileSync(keyFile, 'utf8');
    const fresh = Buffer.alloc(32, 9);
    writeFileSync(keyFile, `${fresh.toString('base64')}\n${before}`);
    const master = await loadMasterKey(undefined, keyFile);
    // A crash after the first batch, in which there were two.
    await asAdministrator((tx) => resealBatch(tx, master, 2));
    expect(await keysInUse()).toHaveLength(2);
    expect(await doctor()).toMatch(/^warning: secrets rest under an old master key: 3 under/);
    await expectWorking('in the middle');
    await expect(retireKeys(await command())).rejects.toThrow(/3 secrets still rest under/);
    const done = await rotateSecrets(await command());
    expect(done).toMatchObject({ isNew: false, sealed: 3, keyId: masterKey(fresh).keyId });
    expect(keyLines(readFileSync(keyFile, 'utf8'))[0]).toBe(fresh.toString('base64'));
    await expectWorking('in the end');
  });

  test('while records are written loses nothing that has to be signed', async () => {
    let writing = true;
    const writer = (async () => {
      for (let count = 0; writing; count += 1) {
        await draft(api, { title: `record ${count}` });
        await api.lapse.loop.settle();
      }
    })();
    for (let count = 0; count < 3; count += 1) await rotateSecrets(await command());
    writing = false;
    await writer;
    await expectWorking('after three of them');
    expect(await keysInUse()).toHaveLength(1);
  });

  test('under a key that is not the one changes nothing', async () => {
    const before = await keysInUse();
    const text = readFileSync(keyFile, 'utf8');
    const LAPSE_MASTER_KEY = Buffer.alloc(32, 1).toString('base64');
    const wrong = rotateSecrets(await command({ LAPSE_MASTER_KEY }));
    await expect(wrong).rejects.toThrow(/nothing was changed: set LAPSE_MASTER_KEY/);
    await expect(wrong).rejects.not.toThrow(LAPSE_MASTER_KEY);
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'master-key'), LAPSE_MASTER_KEY);
    const other = rotateSecrets(await command({ LAPSE_DATA: elsewhere }));
    await expect(other).rejects.toThrow(/nothing was changed/);
    expect(readFileSync(join(elsewhere, 'master-key'), 'utf8')).toBe(LAPSE_MASTER_KEY);
    expect(await keysInUse()).toEqual(before);
    expect(readFileSync(keyFile, 'utf8')).toBe(text);
  });

  test('of keys in the environment seals under the one that is set, and makes none', async () => {
    const [present = ''] = keyLines(readFileSync(keyFile, 'utf8'));
    await expect(rotateSecrets(await command({ LAPSE_MASTER_KEY: present }))).rejects.toThrow(
      /the present one as LAPSE_MASTER_KEY_PREVIOUS/,
    );
    const next = Buffer.alloc(32, 3).toString('base64');
    const env = { LAPSE_MASTER_KEY: next, LAPSE_MASTER_KEY_PREVIOUS: present };
    const done = await rotateSecrets(await command(env));
    expect(done).toMatchObject({ isNew: false, sealed: 5 });
    expect(await doctor()).toMatch(
      /^problem: secrets rest under keys that this server does not know/,
    );
    const back = { LAPSE_MASTER_KEY: present, LAPSE_MASTER_KEY_PREVIOUS: next };
    await rotateSecrets(await command(back));
    await expectWorking('back under the file');
  });
});

test('a previous key without a present one is refused', async () => {
  const LAPSE_MASTER_KEY_PREVIOUS = Buffer.alloc(32, 1).toString('base64');
  await expect(command({ LAPSE_MASTER_KEY_PREVIOUS })).rejects.toThrow(/set both, or neither/);
});

test('old keys are retired once nothing rests under them, and older backups still open', async () => {
  const path = join(folder, 'before.backup');
  await backUpApi(api, path, null);
  expect(keyLines(readFileSync(keyFile, 'utf8')).length).toBeGreaterThan(1);
  expect((await retireKeys(await command())).length).toBeGreaterThan(0);
  expect(keyLines(readFileSync(keyFile, 'utf8'))).toHaveLength(1);
  expect(await retireKeys(await command())).toEqual([]);
  expect(await doctor()).toMatch(/^ok: every secret rests under/);
  await expectWorking('with one key');
  const target = await createTarget(folder);
  try {
    const { tenants } = await target.restore(path);
    expect(tenants.every(({ verification }) => verification.ok)).toBe(true);
    const restored = await loadMasterKey(undefined, join(target.dataDir, 'master-key'));
    const { rows } = await target.admin.query('SELECT DISTINCT key_id FROM lapse.secrets');
    expect(restored.keyIds).toContain(rows[0].key_id);
  } finally {
    await target.drop();
  }
});

/** As the command does, in one transaction. */
async function asAdministrator<T>(
  work: (tx: Parameters<typeof resealBatch>[0]) => Promise<T>,
): Promise<T> {
  const { WholeTransaction } = await import('../../src/platform/db/whole-transaction.ts');
  const tx = await WholeTransaction.begin(api.register.admin, { name: 'test', begin: 'BEGIN' });
  try {
    const result = await work(tx);
    await tx.commit();
    return result;
  } finally {
    await tx.close();
  }
}
