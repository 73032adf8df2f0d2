import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningServer, start } from '../../src/main/serve.ts';
import { readConfig } from '../../src/platform/config/config.ts';
import { openAdmin } from '../due/due-records.ts';
import { copyAside, draft, restoreCopy } from '../due/restored-copy.ts';
import { longLivedFolder } from '../e2e/long-lived-folder.ts';
import { createTestApi, type TestApi } from '../support/test-api.ts';
import { backUpApi, createTarget, type RestoreTarget, rowsOf } from './backup-lab.ts';

const folder = longLivedFolder();
const file = join(folder, 'epochs.backup');
/** Of the first epoch, before any other was opened. */
const early = join(folder, 'first-epoch.backup');

let api: TestApi;
let target: RestoreTarget;
/** The newest checkpoint of the third epoch when the backup was made, and one that was signed later. */
const notes: { backedUp: string; later: string } = { backedUp: '', later: '' };

beforeAll(async () => {
  api = await createTestApi();
  target = await createTarget(folder);
  const admin = await openAdmin(api.register.admin);
  await draft(api, 'in the first epoch');
  await api.lapse.loop.settle();
  await backUpApi(api, early);
  for (const epoch of [2, 3]) {
    await copyAside(admin, `before_${epoch}`);
    await draft(api, `lost before epoch ${epoch}`);
    await api.lapse.loop.settle();
    await restoreCopy(admin, `before_${epoch}`);
    await draft(api, 'found out with this one');
    await api.lapse.loop.settle();
    const body = { reason: `copy ${epoch} was put back` };
    const opened = await api.send('POST', '/v1/ledger/epochs', { as: 'administrator', body });
    expect(opened.body, opened.text).toMatchObject({ epoch });
    await draft(api, `in epoch ${epoch}`);
    await api.lapse.loop.settle();
  }
  await admin.query('DROP SCHEMA before_2 CASCADE; DROP SCHEMA before_3 CASCADE');
  await admin.end();
  notes.backedUp = (await api.lapse.checkpoints.newest(api.tenantId)) ?? '';
  await backUpApi(api, file);
  await draft(api, 'after the backup');
  await api.lapse.loop.settle();
  notes.later = (await api.lapse.checkpoints.newest(api.tenantId)) ?? '';
});
afterAll(async () => {
  await target?.drop();
  await api?.close();
});

async function serving(target: RestoreTarget, work: (ask: Ask) => Promise<void>): Promise<void> {
  const { config, secrets } = await readConfig({ ...target.env, LAPSE_PORT: '0' }, folder);
  const options = { config, secrets, testClock: true, api: true, worker: true };
  const server: RunningServer = await start({ ...options, progress: () => {} });
  try {
    await work(async (as, method, path, body) => {
      const answer = await fetch(`${server.address}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${api.tokens[as]}`,
          ...(body ? { 'content-type': 'application/json' } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      return { status: answer.status, text: await answer.text() };
    });
  } finally {
    await server.stop();
  }
}

type Ask = (
  as: 'administrator' | 'requestor' | 'auditor',
  method: string,
  path: string,
  body?: object,
) => Promise<{ status: number; text: string }>;

async function verify(ask: Ask) {
  const { text } = await ask('auditor', 'GET', '/v1/ledger/verification');
  return JSON.parse(text.trim().split('\n').at(-1) ?? '').result;
}

describe('given a backup of a ledger that is in its third epoch', () => {
  test('when it is restored, then it is whole, and every epoch is there and verified', async () => {
    const before = await rowsOf(api.admin, 'ledger_epochs');
    const { tenants } = await target.restore(file);
    expect(tenants[0]).toMatchObject({
      verification: { ok: true, findings: [], epochs: [{ epoch: 2 }, { epoch: 3 }] },
      later: undefined,
    });
    expect(before).toHaveLength(2);
    for (const table of ['ledger_epochs', 'ledger_keys', 'secrets', 'ledger_checkpoints']) {
      const kept = (await rowsOf(target.admin, table)) as { size?: number; note?: string }[];
      const there = (await rowsOf(api.admin, table)) as { size?: number; note?: string }[];
      expect(kept, table).toEqual(there.filter(({ note }) => note !== notes.later));
    }
  });

  test('then a command and its checkpoint follow in the third epoch', async () => {
    await serving(target, async (ask) => {
      const made = await ask('requestor', 'POST', '/v1/exceptions', { title: 'after' });
      expect(made.status, made.text).toBe(201);
      expect(await verify(ask)).toMatchObject({
        ok: true,
        pending: 0,
        epochs: [{ epoch: 2 }, { epoch: 3 }],
      });
      const { text } = await ask('auditor', 'GET', '/v1/ledger/checkpoint');
      expect(text.split('\n')[0]).toBe(notes.backedUp.split('\n')[0]);
      expect(Number(text.split('\n')[1])).toBeGreaterThan(Number(notes.backedUp.split('\n')[1]));
    });
  });
});

describe('given what was restored and has gone on', () => {
  let second: RestoreTarget;
  beforeAll(async () => {
    second = await createTarget(folder);
  });
  afterAll(() => second?.drop());

  test('when it is backed up and restored in turn, then it is whole, with the same epochs and rows', async () => {
    const next = join(folder, 'epochs-again.backup');
    await target.backUp(next);
    const { tenants } = await second.restore(next);
    expect(tenants[0]).toMatchObject({
      verification: { ok: true, findings: [], epochs: [{ epoch: 2 }, { epoch: 3 }] },
      later: undefined,
    });
    for (const table of ['events', 'ledger_leaves', 'ledger_epochs', 'ledger_keys', 'secrets'])
      expect(await rowsOf(second.admin, table), table).toEqual(await rowsOf(target.admin, table));
  });
});

describe('given the same backup, and a later checkpoint of the third epoch', () => {
  let older: RestoreTarget;
  beforeAll(async () => {
    older = await createTarget(folder);
  });
  afterAll(() => older?.drop());

  test('when it is restored with that one named, then it can only be read, and a fourth epoch goes on', async () => {
    const { tenants } = await older.restore(file, [{ name: 'kept.txt', note: notes.later }]);
    const size = Number(notes.later.split('\n')[1]);
    expect(tenants[0]?.later).toEqual({ name: 'kept.txt', epoch: 3, size, isOfLaterEpoch: false });
    await goesOnInEpoch4(older, 1);
    await expect(verification(older)).resolves.toMatchObject({
      epochs: [{ epoch: 2 }, { epoch: 3 }, { epoch: 4 }],
    });
  });
});

describe('given a backup of the first epoch, and a checkpoint of the third', () => {
  let older: RestoreTarget;
  let again: RestoreTarget;
  beforeAll(async () => {
    older = await createTarget(folder);
    again = await createTarget(folder);
  });
  afterAll(async () => {
    await older?.drop();
    await again?.drop();
  });

  test('when it is restored with that one named, then it can only be read, and a fourth epoch goes on', async () => {
    // Whatever its file is called.
    const named = { name: 'old/epoch-7.txt', note: notes.later };
    const { tenants } = await older.restore(early, [named]);
    const size = Number(notes.later.split('\n')[1]);
    const later = { name: named.name, epoch: 3, size, isOfLaterEpoch: true };
    expect(tenants[0]?.later).toEqual(later);
    const { rows } = await older.admin.query('SELECT state, state_note FROM lapse.tenants');
    expect(rows[0]).toEqual({
      state: 'read-only',
      state_note: `a restored backup is from before epoch 3 of the ledger, in which ${size} entries were signed`,
    });
    await goesOnInEpoch4(older, size - (tenants[0]?.verification.size ?? 0));
  });

  test('then a backup of that is whole, and not older than what the fourth has given up', async () => {
    const next = join(folder, 'fourth-epoch.backup');
    await older.backUp(next);
    const { tenants } = await again.restore(next, [{ name: 'kept.txt', note: notes.later }]);
    expect(tenants[0]).toMatchObject({
      verification: { ok: true, findings: [], epochs: [{ epoch: 4 }] },
      later: undefined,
    });
    await serving(again, async (ask) => {
      const made = await ask('requestor', 'POST', '/v1/exceptions', { title: 'after that' });
      expect(made.status, made.text).toBe(201);
      expect(await verify(ask)).toMatchObject({ ok: true, pending: 0, findings: [] });
    });
  });
});

/** A restored register refuses changes until its ledger's fourth epoch is opened, and is whole then. */
async function goesOnInEpoch4(target: RestoreTarget, lost: number): Promise<void> {
  await serving(target, async (ask) => {
    const refused = await ask('requestor', 'POST', '/v1/exceptions', { title: 'refused' });
    expect([refused.status, refused.text]).toEqual([
      503,
      expect.stringContaining('ledger-diverged'),
    ]);
    const opened = await ask('administrator', 'POST', '/v1/ledger/epochs', { reason: 'lost' });
    expect(JSON.parse(opened.text)).toMatchObject({ epoch: 4, lost_entries: lost });
    const made = await ask('requestor', 'POST', '/v1/exceptions', { title: 'after' });
    expect(made.status, made.text).toBe(201);
    expect(await verify(ask)).toMatchObject({ ok: true, findings: [] });
  });
}

async function verification(target: RestoreTarget): Promise<unknown> {
  let result: unknown;
  await serving(target, async (ask) => {
    result = await verify(ask);
  });
  return result;
}
