import { pino } from 'pino';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { exceptionDeadlines } from '../../src/features/exceptions/exception-work.ts';
import { ledgerSequencing } from '../../src/features/ledger/ledger-work.ts';
import { markDiverged } from '../../src/features/tenants/tenant-service.ts';
import { fileCheckpointStore } from '../../src/journal/checkpoint-store.ts';
import { openDatabase } from '../../src/platform/db/database.ts';
import { DueLoop } from '../../src/platform/due/due-loop.ts';
import { masterKey } from '../../src/platform/secrets/secrets.ts';
import { samePolicy } from '../support/same-policy.ts';

// A worker in a process of its own, on the database and the folder named on its command line, until
// it is killed. Its master key is that of `createTestRegister`.
const { application, worker, folder, work } = JSON.parse(process.argv[2] ?? '{}');
const db = openDatabase({ application, worker, testClock: true, connections: 2 });
const master = masterKey(new Uint8Array(32).fill(7));
const checkpoints = fileCheckpointStore(folder);
const works = {
  deadlines: () => exceptionDeadlines(db, samePolicy(BUILT_IN_POLICY)),
  ledger: () => ledgerSequencing(db, { db, master, checkpoints, onDiverged: markDiverged(db) }),
};
const make = works[work as keyof typeof works];
new DueLoop([make()], pino({ level: 'error' })).start();
