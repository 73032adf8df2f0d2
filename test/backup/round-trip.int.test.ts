import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLOCK } from '../../src/domain/access/actor.ts';
import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import { CARRIED_TABLES, DERIVED_TABLES } from '../../src/features/backup/table-roles.ts';
import { lockPerson, personStream } from '../../src/features/identity/person-store.ts';
import { record } from '../../src/journal/journal.ts';
import { manyLives, recordLives } from '../../src/journal/verify-ledger.fixture.ts';
import { start } from '../../src/main/serve.ts';
import { readConfig } from '../../src/platform/config/config.ts';
import { writeRecords } from '../due/due-records.ts';
import { longLivedFolder } from '../e2e/long-lived-folder.ts';
import { command, draft, passed, recordIn } from '../support/api-records.ts';
import { inStatus, START } from '../support/given.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { raisedAlert } from '../support/raised-alert.ts';
import { docx, form, PDF } from '../support/sample-files.ts';
import { scimOf } from '../support/scim-api.ts';
import { signedIn } from '../support/signing-people.ts';
import { openFinding } from '../support/stored-finding.ts';
import { createTestApi, type TestApi } from '../support/test-api.ts';
import {
  backUpApi,
  createTarget,
  environmentFor,
  type RestoreTarget,
  rowsOf,
} from './backup-lab.ts';

const folder = longLivedFolder();
const file = join(folder, 'register.backup');

let api: TestApi;
let target: RestoreTarget;
/** A record with a comment. */
let commented: string;

beforeAll(async () => {
  api = await createTestApi();
  target = await createTarget(folder);
  const second = await api.addTenant();
  const atDevice = await signedIn(api, 'okoye@example.com', { now: Date.now() });
  expect((await atDevice.register()).status).toBe(201);
  await recordIn(api, 'Active');
  await recordIn(api, 'Under-Review');
  const { exception_id: id } = await recordIn(api, 'Closed');
  await command(api, id, 'comments');
  for (const [name, content] of [
    ['scan.pdf', PDF],
    ['memo.docx', docx({ 'word/large.xml': 'x'.repeat(300_000) })],
  ] as const) {
    const sent = form(content, name);
    passed(await api.send('POST', `/v1/exceptions/${id}/evidence`, { as: 'requestor', ...sent }));
  }
  commented = id;
  await draft(api, {
    title: 'Tab\there, back\\slash, line\nbreak, "quote", Größe 漢字 🚀 \\N \\.',
  });
  await recordLives(api.register.db, api.tenantId, manyLives(300));
  // One that a decision is demanded of, with its task.
  const undecided = inStatus('Active', { services: ['relay'] }, undefined, 4).after(0);
  await writeRecords(api.register.db, api.tenantId, undecided, 1);
  await api.lapse.loop.settle();
  await recordLives(api.register.db, second.tenantId, manyLives(5, 3));
  await api.send('POST', '/v1/exceptions', {
    as: 'requestor',
    body: { title: 'Sent once' },
    headers: { 'idempotency-key': 'once' },
  });
  await api.send('PUT', '/v1/policy', {
    as: 'administrator',
    body: { ...BUILT_IN_POLICY, id: 'ours' },
    headers: { 'if-match': '"0"' },
  });
  passed(
    await api.send('PUT', '/v1/providers/work', {
      as: 'administrator',
      body: {
        label: 'Work',
        issuer: 'https://id.example.com',
        client_id: 'lapse',
        client_secret: 'a client secret',
      },
    }),
  );
  passed(
    await api.send('PUT', '/v1/connections/azure', {
      as: 'administrator',
      body: {
        ...{ connector: 'azure', secret: 'another secret' },
        directory_id: '99999999-2222-4333-8444-555555555555',
      },
    }),
  );
  await grantedAndRemoved();
  await raisedAlert(api.register.db, api.tenantId);
  await api.admin.query(
    `INSERT INTO lapse.audit_events VALUES ($1, 'azure', 'one', '\\x00', '{}', 'infinity', 1, now())`,
    [api.tenantId],
  );
  const leave = {
    to: 'dpo@lapse.test',
    until: formatInstant(START + 10 * DAY),
    reason: 'on leave',
  };
  const delegated = passed(await api.send('POST', '/v1/delegations', { as: 'ciso', body: leave }));
  const end = `/v1/delegations/${delegated.delegation_id}/end`;
  passed(await api.send('POST', end, { as: 'ciso', body: {} }));
  await suspendOnce(second.tenantId);
  await api.send('DELETE', `/v1/tokens/${await tokenIdOf('auditor')}`, { as: 'administrator' });
  await api.send('POST', '/v1/workloads', {
    as: 'administrator',
    body: {
      ...{ name: 'deploy', role: 'requestor' },
      ...{ issuer: 'https://ci.example.com', claims: { sub: 'x' } },
    },
  });
  const directory = scimOf(api);
  const member = await directory.user('ada@example.com', { externalId: 'ada' });
  await directory.map(await directory.group('Security', [member]), ['security']);
  await link(member);
  await api.admin.query(`INSERT INTO lapse.import_keys VALUES ($1, 'sha256:1', $2);`, [
    api.tenantId,
    id,
  ]);
  await api.admin.query(
    `INSERT INTO lapse.tasks VALUES ($1, 'task_1', 'quarantine', 'exception', $2, 'a', now(), now(), 'b')`,
    [api.tenantId, id],
  );
  await api.admin.query(
    `INSERT INTO lapse.tasks VALUES ($1, 'task_2', 'reassign', 'person', 'per_1', 'a', now())`,
    [api.tenantId],
  );
  await api.send('POST', '/v1/tasks/task_2/resolve', { as: 'administrator' });
  await compared();
  writeFileSync(join(api.dataDir, 'admin-token'), 'lapse_secret\n');
  writeFileSync(join(api.dataDir, 'lapse.config.yaml'), 'tenant: {name: Test}\n');
});
afterAll(async () => {
  await target?.drop();
  await api?.close();
});

/** A record whose grant a person has taken away. */
async function grantedAndRemoved(): Promise<void> {
  const grants = [{ kind: 'account', target: 'the gateway' }];
  const granted = inStatus('Active', { grants, services: ['vpn'] }).after(0);
  const [made] = await writeRecords(api.register.db, api.tenantId, granted, 1);
  passed(await command(api, `${made}`, 'revoke', 'approver'));
  await api.lapse.loop.settle();
  const tasks = await api.send('GET', '/v1/removal-tasks', { as: 'platform' });
  const url = `/v1/removal-tasks/${tasks.body.items[0].removal_task.task_id}/attest`;
  const body = { statement: 'the account is deleted', links: ['https://example.com/log'] };
  passed(await api.send('POST', url, { as: 'platform', body }));
  await api.lapse.loop.settle();
}

/** A report with a finding that waits for an answer. */
async function compared(): Promise<void> {
  const place = [api.tenantId, 'RCN_1'];
  const found = await openFinding(api);
  await api.admin.query(
    `INSERT INTO lapse.reconciliations (tenant_id, reconciliation_id, cause, started_at, finished_at, next_due_at, is_complete)
     VALUES ($1, $2, 'scheduled', now(), now(), now(), true)`,
    place,
  );
  await api.admin.query(
    `INSERT INTO lapse.reconciliation_scopes (tenant_id, reconciliation_id, connection, scope, kinds, state, next_due_at)
     VALUES ($1, $2, 'azure', '/subscriptions/a', '{role-assignment}', 'read', now())`,
    place,
  );
  await api.admin.query(
    `INSERT INTO lapse.reconciliation_findings (tenant_id, reconciliation_id, finding_id, standing, connection, scope)
     VALUES ($1, $2, $3, 'new', 'azure', '/subscriptions/a')`,
    [...place, found],
  );
}

/** As at a first sign-in through a provider. */
async function link(personId: string): Promise<void> {
  const { db, tenantId } = api.register;
  await db.inTenant(tenantId, async (tx) => {
    const before = await lockPerson(tx, tenantId, personId);
    const data = { issuer: 'https://id.example.com', subject: 'ada' };
    const events = [{ type: 'SubjectLinked' as const, data }];
    record(tx, personStream, [
      { tenantId, streamId: personId, before, events, at: Date.now(), actor: CLOCK },
    ]);
  });
}

/** A tenant that was suspended and resumed. */
async function suspendOnce(secondId: string): Promise<void> {
  const order = { as: 'operator', body: { reason: 'not paid' } } as const;
  for (const action of ['suspend', 'resume'])
    passed(await api.send('POST', `/v1/tenants/${secondId}/${action}`, order));
}

async function tokenIdOf(name: string): Promise<string> {
  const { body } = await api.send('GET', '/v1/tokens', { as: 'administrator' });
  return body.items.find((token: { name: string }) => token.name === name).token_id;
}

/**
 * When a grant is to be looked at next is asked anew. Counts are added up in other batches than before, and the verification of a restore counts them
 * anew; epochs have tests of their own, and none was opened here.
 */
const APART = new Set([
  'grant_work',
  'exception_counts',
  'exception_count_deltas',
  'ledger_epochs',
]);

describe('given a register with two tenants, some of it on the way into the ledger', () => {
  test('when it is backed up, then the file says nothing in the clear and only its owner reads it', async () => {
    const { manifest, bytes } = await backUpApi(api, file);
    const { rows: counts } = await api.admin.query(
      'SELECT tenant_id, count(*)::int AS events FROM lapse.events GROUP BY 1 ORDER BY 1',
    );
    const told = manifest.tenants.map(({ tenant_id, events }) => ({ tenant_id, events }));
    expect(told.sort((a, b) => (a.tenant_id < b.tenant_id ? -1 : 1))).toEqual(counts);
    const { rows } = await api.admin.query(
      'SELECT count(*)::int AS pending FROM lapse.ledger_pending',
    );
    expect(rows[0].pending).toBeGreaterThan(0);
    expect(statSync(file)).toMatchObject({ size: bytes });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const content = readFileSync(file);
    for (const text of ['exception', 'Legacy gateway', api.tenantId, 'lapse_secret'])
      expect(content.includes(text), text).toBe(false);
    const last = JSON.parse(readFileSync(join(api.dataDir, 'last-backup.json'), 'utf8'));
    expect(last).toMatchObject({ at: manifest.created_at, path: file, bytes });
  });

  test('when it is restored, then every row is there again, the derived ones too', async () => {
    const { tenants, configFile } = await target.restore(file);
    expect(tenants.map(({ verification, later }) => ({ ok: verification.ok, later }))).toEqual([
      { ok: true, later: undefined },
      { ok: true, later: undefined },
    ]);
    for (const table of [...CARRIED_TABLES, ...DERIVED_TABLES].filter((name) => !APART.has(name))) {
      const before = await rowsOf(api.admin, table);
      expect(before.length, `${table} has something to compare`).toBeGreaterThan(0);
      expect(await rowsOf(target.admin, table), table).toEqual(before);
    }
    expect(configFile).toMatchObject({ isBeside: false });
    expect(readFileSync(configFile?.path ?? '', 'utf8')).toBe('tenant: {name: Test}\n');
  });

  test('then the keys and the checkpoints lie in the data folder, for its owner alone', () => {
    const key = join(target.dataDir, 'master-key');
    expect(readFileSync(key, 'utf8').trim()).toBe(Buffer.alloc(32, 7).toString('base64'));
    expect(readFileSync(join(target.dataDir, 'admin-token'), 'utf8')).toBe('lapse_secret\n');
    for (const path of [key, join(target.dataDir, 'admin-token')])
      expect(statSync(path).mode & 0o777).toBe(0o600);
    const kept = (dataDir: string) => {
      const place = join(dataDir, 'checkpoints', api.tenantId);
      return readdirSync(place).map((name) => [name, readFileSync(join(place, name), 'utf8')]);
    };
    expect(kept(target.dataDir)).toEqual(kept(api.dataDir));
    expect(kept(target.dataDir).length).toBeGreaterThan(0);
  });

  test('then the files of evidence lie where they lay', () => {
    const stored = (dataDir: string) =>
      readdirSync(join(dataDir, 'evidence'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), 'base64')]);
    expect(stored(target.dataDir).sort()).toEqual(stored(api.dataDir).sort());
    expect(stored(target.dataDir)).toHaveLength(2);
  });

  test('then a server serves it: tokens open it, what waited is taken in, and the ledger verifies', async () => {
    const { config, secrets } = await readConfig({ ...target.env, LAPSE_PORT: '0' }, folder);
    const server = await start({
      ...{ config, secrets, testClock: true, api: true, worker: true },
      progress: () => {},
    });
    try {
      expect(server.adminToken?.file).toBeUndefined();
      const ask = async (path: string) =>
        fetch(`${server.address}${path}`, {
          headers: { authorization: `Bearer ${api.tokens.approver}` },
        });
      const verification = (await (await ask('/v1/ledger/verification')).text()).trim().split('\n');
      expect(JSON.parse(verification.at(-1) ?? '').result).toMatchObject({ ok: true });
      // Time has passed since: what follows from that may wait again, what waited then does not.
      const waited = await api.admin.query('SELECT event_id FROM lapse.ledger_pending');
      const { rows: left } = await target.admin.query(
        'SELECT FROM lapse.ledger_pending WHERE event_id = ANY ($1)',
        [waited.rows.map(({ event_id }) => event_id)],
      );
      expect(waited.rows.length).toBeGreaterThan(0);
      expect(left).toEqual([]);
      const found = await (await ask('/v1/exceptions?q=漢字')).json();
      expect(found).toMatchObject({ total: 1 });
      const comments = await ask(`/v1/exceptions/${commented}/comments`);
      expect(await comments.json()).toMatchObject({ items: [{ body: 'looks good' }] });
    } finally {
      await server.stop();
    }
  });

  test('and when it is restored a second time, then it is refused by the tenants that are there', async () => {
    const refusal = await target.restore(file).catch((error: Error) => error.message);
    expect(refusal).toMatch(/^the database is not empty: it holds tenant .*; tenant /);
    expect(refusal).toMatch(new RegExp(`tenant Test \\(${api.tenantId}\\) with \\d+ events`));
  });
});

test('a database that was migrated and never used is empty too', async () => {
  const { connection, drop } = await createTestDatabase();
  const fresh = await createTarget(folder);
  try {
    // The clone of the template has the whole schema; the target's logins fit it.
    const env = environmentFor(connection, fresh.dataDir, fresh.login);
    Object.assign(fresh.env, env);
    const { tenants } = await fresh.restore(file);
    expect(tenants).toHaveLength(2);
  } finally {
    await fresh.drop();
    await drop();
  }
});

test('a backup that is taken while others write holds a register that verifies', async () => {
  const other = await createTarget(folder);
  const path = join(folder, 'while-writing.backup');
  let writing = true;
  const writers = Promise.all(
    [1, 2].map(async () => {
      while (writing) {
        await recordLives(api.register.db, api.tenantId, manyLives(5));
        await api.lapse.loop.settle();
      }
    }),
  );
  try {
    await backUpApi(api, path);
    await backUpApi(api, path);
    writing = false;
    await writers;
    const { tenants } = await other.restore(path);
    expect(tenants.every(({ verification }) => verification.ok)).toBe(true);
    // What was committed afterwards is not in it, and nothing is in it by halves.
    const events = await rowsOf(other.admin, 'events');
    expect(events.length).toBeLessThan((await rowsOf(api.admin, 'events')).length);
    expect((await rowsOf(other.admin, 'event_payloads')).length).toBe(events.length);
    expect(existsSync(path)).toBe(true);
  } finally {
    writing = false;
    await writers;
    await other.drop();
  }
});
