import type pg from 'pg';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { ledgerSequencing } from '../../src/features/ledger/ledger-work.ts';
import { markDiverged } from '../../src/features/tenants/tenant-service.ts';
import { type CheckpointStore, fileCheckpointStore } from '../../src/journal/checkpoint-store.ts';
import { type SequencerOptions, sequence } from '../../src/journal/sequencer.ts';
import { openDatabase } from '../../src/platform/db/database.ts';
import { DueLoop } from '../../src/platform/due/due-loop.ts';
import { inStatus } from '../support/given.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createTestRegister, type TestRegister } from '../support/test-register.ts';
import { openAdmin, writeRecords } from './due-records.ts';
import { closeGate } from './gate.ts';
import { ledgerState, wholeLedger } from './ledger-state.ts';

const STORY = inStatus('Active');

let register: TestRegister;
let admin: pg.Client;
let folder: string;

beforeEach(async () => {
  register = await createTestRegister();
  admin = await openAdmin(register.admin);
  folder = temporaryFolder();
});

afterEach(async () => {
  await admin.end();
  await register.drop();
});

/** What another replica sequences with: its own connections, the same checkpoints. */
function replica(checkpoints: CheckpointStore = fileCheckpointStore(folder)): SequencerOptions {
  const { application, worker, master } = register;
  const db = openDatabase({ application, worker, testClock: true, connections: 2 });
  onTestFinished(() => db.close());
  return { db, master, checkpoints, onDiverged: markDiverged(db) };
}

function write(count: number): Promise<string[]> {
  return writeRecords(register.db, register.tenantId, STORY, count);
}

test('several sequencers at once, while events come in, give every event one leaf', async () => {
  const { tenantId } = register;
  const replicas = [replica(), replica(), replica()];
  let writing = true;
  const written = (async () => {
    for (let part = 0; part < 20; part += 1) await write(50);
    writing = false;
  })();
  await Promise.all(
    replicas.map(async (options) => {
      while (writing) await sequence(options, tenantId);
    }),
  );
  await written;
  for (const options of replicas) await sequence(options, tenantId);
  const state = await ledgerState(admin, tenantId, fileCheckpointStore(folder));
  expect(state).toEqual(wholeLedger(20 * 50 * STORY.told.length));
});

test('a sequencer passes on while another one is at it', async () => {
  const { tenantId } = register;
  await write(100);
  const gate = await closeGate(register.admin, 'ledger_leaves', 'NEW.ledger_index = 99');
  const first = sequence(replica(), tenantId);
  await gate.reached();
  expect(await sequence(replica(), tenantId)).toBe(0);
  await gate.open();
  expect(await first).toBe(100 * STORY.told.length);
});

test('a head whose checkpoint did not leave the database before a crash is signed by the next pass', async () => {
  const { tenantId } = register;
  await write(3);
  const crash = new Error('killed between the tree and its checkpoint');
  const crashing = {
    ...fileCheckpointStore(folder),
    keep: () => Promise.reject(crash),
  };
  await expect(sequence(replica(crashing), tenantId)).rejects.toBe(crash);

  const options = replica();
  const loop = new DueLoop([ledgerSequencing(options.db, options)], pino({ level: 'silent' }));
  await loop.settle();
  const state = await ledgerState(admin, tenantId, options.checkpoints);
  expect(state).toEqual(wholeLedger(3 * STORY.told.length));
});
