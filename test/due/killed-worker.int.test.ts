import type pg from 'pg';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { exceptionDeadlines } from '../../src/features/exceptions/exception-work.ts';
import { ledgerSequencing } from '../../src/features/ledger/ledger-work.ts';
import { markDiverged } from '../../src/features/tenants/tenant-service.ts';
import { fileCheckpointStore } from '../../src/journal/checkpoint-store.ts';
import { DueLoop, type DueWork } from '../../src/platform/due/due-loop.ts';
import { inStatus, START } from '../support/given.ts';
import { samePolicy } from '../support/same-policy.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createTestRegister } from '../support/test-register.ts';
import {
  countStatuses,
  moveClock,
  openAdmin,
  streamProblems,
  writeRecords,
} from './due-records.ts';
import { closeGate } from './gate.ts';
import { ledgerState, wholeLedger } from './ledger-state.ts';
import { startWorker } from './worker-process.ts';

const COUNT = 10_000;

async function registerWith(count: number) {
  const register = await createTestRegister();
  onTestFinished(() => register.drop());
  const admin = await openAdmin(register.admin);
  onTestFinished(() => admin.end());
  const story = inStatus('Active');
  const ids = await writeRecords(register.db, register.tenantId, story, count);
  const checkpoints = fileCheckpointStore(temporaryFolder());
  return { register, admin, ids, checkpoints, events: count * story.told.length };
}

function settle(work: DueWork): Promise<void> {
  return new DueLoop([work], pino({ level: 'silent' })).settle();
}

async function count(admin: pg.Client, table: string): Promise<number> {
  const { rows } = await admin.query(`SELECT count(*)::int AS count FROM lapse.${table}`);
  return rows[0]?.count;
}

test.each(['rolled back', 'committed after its death'])(
  'a worker killed in the middle of 10,000 due records: its batch is %s, and nothing is lost or repeated',
  async (outcome) => {
    const { register, admin, ids, events } = await registerWith(COUNT);
    const gate = await closeGate(
      register.admin,
      'events',
      `NEW.stream_id = '${ids[3_217]}' AND current_user = '${register.worker.user}'`,
    );
    await moveClock(admin, START + 91 * DAY);
    const worker = startWorker(register, temporaryFolder(), 'deadlines');
    await gate.reached();
    // Two batches are under way at once: the other one may or may not have ended by now.
    const { Expired: before = 0 } = await countStatuses(admin);
    expect([2_500, 3_000, 3_500]).toContain(before);
    await worker.kill();
    // What it had sent already, COMMIT included, the server may still take up.
    if (outcome === 'rolled back') await gate.terminate();
    await gate.open();
    // Its rows stay locked until the server has noticed that it is gone.
    const work = exceptionDeadlines(register.db, samePolicy(BUILT_IN_POLICY));
    const afterSettling = () => settle(work).then(() => countStatuses(admin));
    await expect.poll(afterSettling, { timeout: 60_000 }).toEqual({ Expired: COUNT });
    expect(await streamProblems(admin, 'ExceptionExpired')).toEqual([]);
    expect(await count(admin, "events WHERE stream_type = 'exception'")).toBe(events + COUNT);
    expect(await count(admin, 'exception_deadlines')).toBe(0);
  },
);

test('a sequencer killed in the middle: every event has one leaf, and the newest checkpoint verifies', async () => {
  const { register, admin, events } = await registerWith(2_500);
  const { db, master, tenantId } = register;
  const folder = temporaryFolder();
  const gate = await closeGate(register.admin, 'ledger_leaves', 'NEW.ledger_index = 5017');
  const worker = startWorker(register, folder, 'ledger');
  await gate.reached();
  expect(await count(admin, 'ledger_leaves')).toBe(4_000);
  await worker.kill();
  await gate.terminate();
  await gate.open();
  const checkpoints = fileCheckpointStore(folder);
  await settle(ledgerSequencing(db, { db, master, checkpoints, onDiverged: markDiverged(db) }));
  expect(await ledgerState(admin, tenantId, checkpoints)).toEqual(wholeLedger(events));
});
