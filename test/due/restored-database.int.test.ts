import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ledgerSequencing } from '../../src/features/ledger/ledger-work.ts';
import { markDiverged } from '../../src/features/tenants/tenant-service.ts';
import { DueLoop } from '../../src/platform/due/due-loop.ts';
import { inStatus } from '../support/given.ts';
import { createTestApi, type TestApi } from '../support/test-api.ts';
import { openAdmin, writeRecords } from './due-records.ts';
import { closeGate } from './gate.ts';
import { copyAside, draft, JOURNAL_TABLES, restoreCopy } from './restored-copy.ts';

let api: TestApi;
let admin: pg.Client;

beforeEach(async () => {
  api = await createTestApi();
  admin = await openAdmin(api.register.admin);
  await draft(api, 'before the copy');
  await api.lapse.loop.settle();
  await copyAside(admin);
  await draft(api, 'after the copy');
  await api.lapse.loop.settle();
  await restoreCopy(admin);
});

afterEach(async () => {
  await admin.end();
  await api.close();
});

/** The first pass of a worker that starts now. */
async function firstPass(): Promise<void> {
  const { db, master } = api.register;
  const { checkpoints } = api.lapse;
  const options = { db, master, checkpoints, onDiverged: markDiverged(db) };
  await new DueLoop([ledgerSequencing(db, options)], pino({ level: 'silent' })).settle();
}

async function expectReadOnly(): Promise<void> {
  const refused = await draft(api, 'refused');
  expect([refused.status, refused.body.code]).toEqual([503, 'ledger-diverged']);
  expect(refused.body.detail).toContain('`lapse ledger new-epoch`');
  expect((await api.send('GET', '/v1/exceptions', { as: 'requestor' })).status).toBe(200);
  const { body } = await api.send('GET', '/v1/tasks', { as: 'administrator' });
  expect(body.items).toEqual([
    expect.objectContaining({
      kind: 'ledger-diverged',
      subject_type: 'ledger',
      subject_id: api.tenantId,
      detail: expect.stringMatching(/signed before.*lapse ledger new-epoch/),
      resolved_at: null,
    }),
  ]);
}

async function signed(): Promise<number> {
  const { rows } = await admin.query('SELECT max(size)::int AS size FROM lapse.ledger_checkpoints');
  return rows[0]?.size;
}

test('a restored copy is found out by the first pass after a start, before any command', async () => {
  await firstPass();
  await expectReadOnly();
});

test('a copy restored while the server runs is found out with the next event, which nothing signs', async () => {
  const before = await signed();
  const newest = await api.lapse.checkpoints.newest(api.tenantId);
  expect((await draft(api, 'after the restore')).status).toBe(201);
  await draft(api, 'as many events as were lost');
  await api.lapse.loop.settle();
  await expectReadOnly();
  expect(await signed()).toBe(before);
  expect(await api.lapse.checkpoints.newest(api.tenantId)).toBe(newest);
});

test('one task tells of it, however many passes and replicas see it', async () => {
  await Promise.all([firstPass(), firstPass(), firstPass()]);
  await firstPass();
  await expectReadOnly();
});

test('a ledger that was emptied altogether is found out too', async () => {
  await admin.query(JOURNAL_TABLES.map((table) => `TRUNCATE lapse.${table}`).join(';'));
  await firstPass();
  await expectReadOnly();
});

describe('given a copy in which all that was signed later waits for the sequencer', () => {
  /** Signs what has been written, and puts back the copy in which it waited. */
  async function signAndPutBack(): Promise<number> {
    await admin.query('DROP SCHEMA IF EXISTS waiting CASCADE');
    await copyAside(admin, 'waiting');
    await api.lapse.loop.settle();
    const size = await signed();
    await restoreCopy(admin, 'waiting');
    return size;
  }

  async function expectWritable(size: number): Promise<void> {
    expect((await draft(api, 'goes on')).status).toBe(201);
    await firstPass();
    expect(await signed()).toBe(size + 1);
    const { body } = await api.send('GET', '/v1/tasks', { as: 'administrator' });
    expect(body.items).toEqual([]);
  }

  beforeEach(async () => {
    // What the copy of the outer story has lost is not looked for here.
    await rm(join(api.dataDir, 'checkpoints'), { recursive: true });
  });

  test('a worker that looks while another takes it in says nothing of it', async () => {
    await draft(api, 'waits');
    await draft(api, 'waits too');
    const size = await signAndPutBack();
    const gate = await closeGate(
      api.register.admin,
      'ledger_leaves',
      `NEW.ledger_index = ${size - 1}`,
    );
    const first = firstPass();
    await gate.reached();
    await firstPass();
    await gate.open();
    await first;
    await expectWritable(size);
  });

  test('it is taken in to its end before anything is said, however many batches that takes', async () => {
    await writeRecords(api.register.db, api.tenantId, inStatus('Draft'), 2_001);
    await expectWritable(await signAndPutBack());
  });

  test('where it is one entry short of what was signed, that is found out', async () => {
    await draft(api, 'waits');
    await copyAside(admin, 'waiting');
    await draft(api, 'lost');
    await api.lapse.loop.settle();
    await restoreCopy(admin, 'waiting');
    await firstPass();
    await expectReadOnly();
  });
});
