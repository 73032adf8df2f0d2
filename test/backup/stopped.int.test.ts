import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { RestoreProgress } from '../../src/features/backup/restore-backup.ts';
import { manyLives, recordLives } from '../../src/journal/verify-ledger.fixture.ts';
import { longLivedFolder } from '../e2e/long-lived-folder.ts';
import { createTestApi, type TestApi } from '../support/test-api.ts';
import { backUpApi, createTarget } from './backup-lab.ts';

const folder = longLivedFolder();
const whole = join(folder, 'whole.backup');

let api: TestApi;

beforeAll(async () => {
  api = await createTestApi();
  await recordLives(api.register.db, api.tenantId, manyLives(30));
  await api.lapse.loop.settle();
  await backUpApi(api, whole);
});
afterAll(() => api?.close());

test('given a backup, when it is stopped while rows are read, then what stood there stays alone', async () => {
  const place = join(folder, 'stopped');
  mkdirSync(place);
  const path = join(place, 'register.backup');
  writeFileSync(path, 'an older backup');
  const stop = new AbortController();
  const stopped = backUpApi(api, path, undefined, {
    onRows: () => stop.abort(),
    signal: stop.signal,
  });
  await expect(stopped).rejects.toThrow();
  expect(readFileSync(path, 'utf8')).toBe('an older backup');
  expect(readdirSync(place)).toEqual(['register.backup']);
});

describe('given a restore', () => {
  test.each<RestoreProgress['step']>(['load', 'rebuild', 'verify'])(
    'when it is stopped while it does %s, then nothing is there, and it can be repeated',
    async (step) => {
      const target = await createTarget(folder);
      onTestFinished(() => target.drop());
      const stop = new AbortController();
      const onProgress = (progress: RestoreProgress) => {
        if (progress.step === step) stop.abort();
      };
      await expect(target.restore(whole, [], onProgress, stop.signal)).rejects.toThrow();
      expect(await target.hasSchema()).toBe(false);
      for (const name of ['master-key', 'admin-token', 'checkpoints']) {
        const path = join(target.dataDir, name);
        expect(existsSync(path) ? readdirSync(path) : [], name).toEqual([]);
      }
      expect((await target.restore(whole)).tenants).toHaveLength(1);
    },
  );
});
