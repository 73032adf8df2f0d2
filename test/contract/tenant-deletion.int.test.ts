import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { tenantDeletions } from '../../src/features/tenants/delete-tenants.ts';
import { sequence } from '../../src/journal/sequencer.ts';
import { deleteBeforeRetention } from '../../src/main/server-tenants.ts';
import { readConfig } from '../../src/platform/config/config.ts';
import { backUpApi, environmentFor } from '../backup/backup-lab.ts';
import { COMPLETE, START } from '../support/given.ts';
import { form, PDF } from '../support/sample-files.ts';
import { createTestApi, type TestTenant } from '../support/test-api.ts';

let real = Date.now();
const api = await createTestApi({ realNow: () => real });
afterAll(() => api.close());

async function command() {
  const env = environmentFor(api.register.admin, api.dataDir);
  return { ...(await readConfig(env, api.dataDir)), progress: () => {} };
}

/** A tenant with a record that is open, and a file. */
async function filledTenant(): Promise<TestTenant> {
  const tenant = await api.addTenant();
  const token = tenant.tokens.requestor;
  const { body } = await api.send('POST', '/v1/exceptions', { token, body: COMPLETE });
  const url = `/v1/exceptions/${body.exception_id}/evidence`;
  expect((await api.send('POST', url, { token, ...form(PDF, 'theirs.pdf') })).status).toBe(200);
  return tenant;
}

const rowsLeft = async (tenantId: string): Promise<string[]> => {
  const { rows: tables } = await api.admin.query(
    `SELECT table_name AS name FROM information_schema.columns
     WHERE table_schema = 'lapse' AND column_name = 'tenant_id'`,
  );
  const left: string[] = [];
  for (const { name } of tables) {
    const { rowCount } = await api.admin.query(
      `SELECT FROM lapse.${name} WHERE tenant_id = $1 LIMIT 1`,
      [tenantId],
    );
    if (rowCount) left.push(name);
  }
  return left;
};

/** Deletes as a worker does, as long as nothing stops it. */
function worker(stopAfter = Number.POSITIVE_INFINITY) {
  let batches = 0;
  const files: string[] = [];
  const { db, master } = api.register;
  const { checkpoints } = api.lapse;
  const onDiverged = () => Promise.reject(new Error('it has not diverged'));
  const work = tenantDeletions({
    db: {
      ...db,
      connection: db.connection,
      roundTrips: 0,
      close: async () => {},
      inTenant: (tenantId, run) => db.inTenant(tenantId, run),
      inSystem: (run) => db.inSystem(run),
      inRetention(tenantId, run) {
        batches += 1;
        if (batches > stopAfter) throw new Error('killed');
        return db.inRetention(tenantId, run);
      },
    },
    sequence: (tenantId) => sequence({ db, master, checkpoints, onDiverged }, tenantId),
    removeFile: async ({ digest }) => {
      files.push(digest);
    },
    writeProofs: async () => 0,
  });
  return {
    files,
    async drain() {
      while ((await work.runBatch()) > 0);
    },
  };
}

const setClock = (now: number) =>
  api.admin.query(
    `UPDATE lapse.test_clock
     SET offset_ms = $1 - floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`,
    [now],
  );

test('on the server’s own machine a tenant is deleted before its retention, and the ledger says so', async () => {
  const { tenantId, tokens } = await filledTenant();
  const asked = await api.send('DELETE', `/v1/tenants/${tenantId}?reason=x`, { as: 'operator' });
  expect(asked.status).toBe(409);
  const view = await deleteBeforeRetention(await command(), tenantId, 'by order of a court');
  expect(view).toMatchObject({
    state: 'to-be-deleted',
    deletion: { before_retention: true, by: { id: 'system:operator' } },
  });
  // Another process did it: this one may take a second to hear of it.
  real += 2_000;
  const change = await api.send('POST', '/v1/exceptions', {
    token: tokens.requestor,
    body: COMPLETE,
  });
  expect(change.body.code).toBe('tenant-suspended');
  const first = deleteBeforeRetention(await command(), api.tenantId, 'x');
  await expect(first).rejects.toThrow(/operator's own place/);
  const { ok } = await api.lapse.verifyLedger(tenantId, () => {}, new AbortController().signal);
  expect(ok).toBe(true);
  await api.send('POST', `/v1/tenants/${tenantId}/cancel-deletion`, {
    as: 'operator',
    body: { reason: 'the next test' },
  });
});

test('a deletion that is killed after any batch is gone on with, by one worker or by two', async () => {
  for (const stopAfter of [0, 1, 2, 5, 11]) {
    const { tenantId } = await filledTenant();
    await deleteBeforeRetention(await command(), tenantId, 'by order of a court');
    const { rows } = await api.admin.query(
      'SELECT extract(epoch FROM deletes_at) * 1000 AS due FROM lapse.tenant_standings WHERE tenant_id = $1',
      [tenantId],
    );
    await setClock(Number(rows[0].due) + 1_000);
    await expect(worker(stopAfter).drain()).rejects.toThrow('killed');
    expect(await rowsLeft(tenantId)).toContain('tenants');
    if (stopAfter > 2) {
      const path = join(api.dataDir, 'half.backup');
      await expect(backUpApi(api, path)).rejects.toThrow(/being deleted at this moment/);
    }
    const workers = stopAfter === 5 ? [worker(), worker()] : [worker()];
    await Promise.all(workers.map((each) => each.drain()));
    expect(await rowsLeft(tenantId)).toEqual([]);
    const shown = await api.send('GET', `/v1/tenants/${tenantId}`, { as: 'operator' });
    expect(shown.body.state).toBe('deleted');
    const { rows: events } = await api.admin.query(
      "SELECT FROM lapse.events WHERE stream_type = 'tenant' AND stream_id = $1",
      [tenantId],
    );
    expect(events).toHaveLength(2);
    expect(shown.body.deletion.reason).toBe('by order of a court');
  }
  // The files were taken away by workers that only noted them; the loop's own writes what proves it.
  await api.moveTo(START + 400 * DAY);
  expect(readdirSync(join(api.dataDir, 'deleted-tenants'))).toHaveLength(5);
  const { ok } = await api.lapse.verifyLedger(api.tenantId, () => {}, new AbortController().signal);
  expect(ok).toBe(true);
});
