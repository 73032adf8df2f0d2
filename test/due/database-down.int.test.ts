import { join } from 'node:path';
import { Writable } from 'node:stream';
import type pg from 'pg';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { exceptionDeadlines } from '../../src/features/exceptions/exception-work.ts';
import { ensureFirstTenant } from '../../src/features/tenants/tenant-service.ts';
import { openDatabase } from '../../src/platform/db/database.ts';
import { migrate } from '../../src/platform/db/migrate.ts';
import { DueLoop } from '../../src/platform/due/due-loop.ts';
import { startPrivatePostgres } from '../../src/platform/postgres/private-postgres.ts';
import { masterKey } from '../../src/platform/secrets/secrets.ts';
import { inStatus, START } from '../support/given.ts';
import { samePolicy } from '../support/same-policy.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  countStatuses,
  moveClock,
  openAdmin,
  streamProblems,
  writeRecords,
} from './due-records.ts';
import { closeGate } from './gate.ts';

const COUNT = 1_200;

/** A PostgreSQL of the test's own, which it can stop and start again. */
async function ownPostgres() {
  const options = { dataDir: join(temporaryFolder(), 'data') };
  let server = await startPrivatePostgres(options);
  onTestFinished(() => server.stop());
  const admin = server.connection;
  const login = (user: string) => ({ ...admin, user, password: user });
  const [application, worker] = [login('down_application'), login('down_worker')];
  await migrate({
    admin,
    folder: 'migrations',
    logins: [
      { name: application.user, password: application.password, group: 'lapse_app' },
      { name: worker.user, password: worker.password, group: 'lapse_worker' },
    ],
  });
  const db = openDatabase({ application, worker, testClock: true, connections: 4 });
  onTestFinished(() => db.close());
  return {
    admin,
    db,
    stop: () => server.stop(),
    async start() {
      server = await startPrivatePostgres(options);
    },
  };
}

/** What the loop logs as failed. */
function failures() {
  const lines: string[] = [];
  const stream = new Writable({
    write(line, _, done) {
      lines.push(String(line));
      done();
    },
  });
  return { lines, log: pino({ level: 'error' }, stream) };
}

test('a database that goes down during a batch: the loop goes on when it is back', async () => {
  const { admin, db, stop, start } = await ownPostgres();
  const master = masterKey(new Uint8Array(32).fill(7));
  const tenantId = await db.inSystem((tx) =>
    ensureFirstTenant(tx, 'Test', { publicUrl: 'http://localhost:7400', master }),
  );
  const ids = await writeRecords(db, tenantId, inStatus('Active'), COUNT);
  const connected = async <T>(run: (client: pg.Client) => Promise<T>) => {
    const client = await openAdmin(admin);
    try {
      return await run(client);
    } finally {
      await client.end();
    }
  };
  const gate = await closeGate(admin, 'events', `NEW.stream_id = '${ids[700]}'`);
  await connected((client) => moveClock(client, START + 91 * DAY));

  const { lines, log } = failures();
  const loop = new DueLoop([exceptionDeadlines(db, samePolicy(BUILT_IN_POLICY))], log);
  loop.start();
  onTestFinished(() => loop.stop());
  await gate.reached();
  await stop();
  await vi.waitUntil(() => lines.length > 0, { timeout: 60_000 });
  loop.wake();
  await vi.waitUntil(() => lines.length > 1, { timeout: 60_000 });
  await start();
  loop.wake();

  const done = () => connected(countStatuses);
  await expect.poll(done, { timeout: 60_000 }).toEqual({ Expired: COUNT });
  expect(await connected((client) => streamProblems(client, 'ExceptionExpired'))).toEqual([]);
  const quarantined = 'SELECT FROM lapse.exception_deadlines WHERE quarantined_at IS NOT NULL';
  expect((await connected((client) => client.query(quarantined))).rowCount).toBe(0);
  expect(lines.every((line) => line.includes('it stays due'))).toBe(true);
});
