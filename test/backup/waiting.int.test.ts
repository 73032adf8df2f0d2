import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openAdmin } from '../due/due-records.ts';
import { copyAside, draft, restoreCopy } from '../due/restored-copy.ts';
import { longLivedFolder } from '../e2e/long-lived-folder.ts';
import { createTestApi, type TestApi } from '../support/test-api.ts';
import { backUpApi, createTarget, type RestoreTarget } from './backup-lab.ts';

const folder = longLivedFolder();
const file = join(folder, 'waiting.backup');

let api: TestApi;
let admin: pg.Client;
/** Of what waited in the backup; of another entry in its place; of one entry more. */
const notes = { waited: '', other: '', more: '' };
/** Entries of the tree in the backup. */
let size: number;
let target: RestoreTarget;

async function signed(): Promise<string> {
  await api.lapse.loop.settle();
  return (await api.lapse.checkpoints.newest(api.tenantId)) ?? '';
}

beforeAll(async () => {
  api = await createTestApi();
  admin = await openAdmin(api.register.admin);
  await draft(api, 'in the tree');
  size = Number((await signed()).split('\n')[1]);
  await copyAside(admin);
  await draft(api, 'another');
  notes.other = await signed();
  await restoreCopy(admin);
  await draft(api, 'waits');
  // In a data folder that does not know the other one.
  await rm(join(api.dataDir, 'checkpoints'), { recursive: true });
  await backUpApi(api, file);
  notes.waited = await signed();
  await draft(api, 'after the backup');
  notes.more = await signed();
});
afterAll(async () => {
  await admin?.end();
  await api?.close();
});
beforeEach(async () => {
  target = await createTarget(folder);
});
afterEach(() => target.drop());

describe('given a backup in which an entry waits for the sequencer', () => {
  test('when a checkpoint that covers it is named, then nothing is missing', async () => {
    const { tenants } = await target.restore(file, [{ name: 'kept.txt', note: notes.waited }]);
    expect(tenants[0]).toMatchObject({ verification: { ok: true, pending: 1 }, later: undefined });
    const { rows } = await target.admin.query('SELECT state FROM lapse.tenants');
    expect(rows).toEqual([{ state: 'active' }]);
  });

  test.each(['other', 'more'] as const)(
    'when one of %s is named, then it can only be read',
    async (which) => {
      const { tenants } = await target.restore(file, [{ name: 'kept.txt', note: notes[which] }]);
      expect(tenants[0]?.later).toMatchObject({ size: size + (which === 'more' ? 2 : 1) });
      const { rows } = await target.admin.query('SELECT state FROM lapse.tenants');
      expect(rows).toEqual([{ state: 'read-only' }]);
    },
  );
});
