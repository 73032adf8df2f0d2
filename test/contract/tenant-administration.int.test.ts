import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCheckpoint, type TrustedLog } from '../../src/domain/ledger/checkpoint.ts';
import { verifyReceipt } from '../../src/domain/ledger/proof-text.ts';
import { parseVerifierKey } from '../../src/domain/ledger/verifier-key.ts';
import { DAY } from '../../src/domain/schedule/instant.ts';
import { verifyEd25519 } from '../../src/journal/note-signature.ts';
import { COMMAND_BODIES, draft, recordIn } from '../support/api-records.ts';
import { COMPLETE, START } from '../support/given.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { createTestApi, type TestTenant } from '../support/test-api.ts';

let real = Date.now();
const api = await createTestApi({ realNow: () => real });
let other: TestTenant;
beforeAll(async () => {
  other = await api.addTenant();
});
afterAll(() => api.close());

const REASON = { reason: 'the contract has ended' };
const asOperator = (method: string, url: string, body?: unknown) =>
  api.send(method, url, { as: 'operator', ...(body === undefined ? {} : { body }) });
const asTheirs = (role: keyof TestTenant['tokens'], method: string, url: string, body?: unknown) =>
  api.send(method, url, { token: other.tokens[role], ...(body === undefined ? {} : { body }) });

async function eventsOf(ledgerOf: string, subject: string): Promise<string[]> {
  const { rows } = await api.admin.query(
    `SELECT convert_from(envelope, 'UTF8')::json ->> 'type' AS type FROM lapse.events
     WHERE tenant_id = $1 AND stream_type = 'tenant' AND stream_id = $2 ORDER BY version`,
    [ledgerOf, subject],
  );
  return rows.map(({ type }) => type);
}

describe('a tenant that is made', () => {
  test('has a link for its first administrator, who finds it empty', async () => {
    const body = { name: 'Second division', email: 'ada@example.com' };
    const made = await asOperator('POST', '/v1/tenants', body);
    expect(made.status, made.text).toBe(201);
    expect(made.body).toMatchObject({ name: 'Second division', state: 'active', ledger: 'whole' });
    const path = new URL(made.body.sign_in_link).pathname;
    const page = await api.send('GET', path);
    expect(page.status, page.text).toBe(200);
    const id = made.body.tenant_id;
    expect(await eventsOf(id, id)).toEqual(['TenantCreated']);
    const shown = await asOperator('GET', `/v1/tenants/${id}`);
    expect(shown.body).toEqual({ ...made.body, sign_in_link: undefined });
    const verified = await api.lapse.verifyLedger(id, () => {}, new AbortController().signal);
    expect(verified.ok).toBe(true);
  });

  test('is listed, and counted, without anything that it holds', async () => {
    await asTheirs('requestor', 'POST', '/v1/exceptions', { ...COMPLETE, title: 'Their secret' });
    const list = await asOperator('GET', '/v1/tenants');
    expect(list.body.items.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['Test', 'Other', 'Second division']),
    );
    const report = await asOperator('GET', '/v1/reports/tenants');
    const theirs = report.body.items.find(
      ({ tenant }: { tenant: { tenant_id: string } }) => tenant.tenant_id === other.tenantId,
    );
    expect(theirs).toMatchObject({ drafts: 1, total: 1, open: 0, state: 'active' });
    expect(report.text + list.text).not.toContain('secret');
  });
});

describe('an operator', () => {
  test.each([
    ['GET', '/v1/exceptions'],
    ['GET', '/v1/people'],
    ['GET', '/v1/ledger/checkpoint'],
    ['GET', '/v1/exports/register.csv'],
    ['GET', '/v1/reports/summary'],
  ])('may not %s %s', async (method, url) => {
    expectProblem(await asOperator(method, url), 403, 'not-permitted');
  });

  test('of another tenant than the first is none', async () => {
    for (const [method, url] of [
      ['GET', '/v1/tenants'],
      ['GET', `/v1/tenants/${api.tenantId}`],
      ['GET', '/v1/reports/tenants'],
    ] as const)
      expectProblem(await asTheirs('operator', method, url), 403, 'not-permitted');
    const url = `/v1/tenants/${other.tenantId}/suspend`;
    expectProblem(await asTheirs('operator', 'POST', url, REASON), 403, 'not-permitted');
    expectProblem(
      await asTheirs('operator', 'POST', '/v1/tenants', { name: 'x' }),
      403,
      'not-permitted',
    );
  });

  test('cannot be made by an administrator, in no way', async () => {
    for (const [url, body] of [
      ['/v1/tokens', { name: 'x', role: 'operator' }],
      ['/v1/people', { name: 'x', roles: ['operator'] }],
    ] as const) {
      const answer = await api.send('POST', url, { as: 'administrator', body });
      expectProblem(answer, 422, 'invalid-record');
    }
  });

  test('can neither suspend nor delete the first tenant', async () => {
    const url = `/v1/tenants/${api.tenantId}`;
    expectProblem(await asOperator('POST', `${url}/suspend`, REASON), 409, 'wrong-state');
    expectProblem(await asOperator('DELETE', `${url}?reason=x`), 409, 'wrong-state');
  });

  test('hears of a tenant that is not there', async () => {
    for (const id of ['01J6M9M5Y0Q2H6W2QF9Q1VABCE', 'x']) {
      expectProblem(await asOperator('GET', `/v1/tenants/${id}`), 404, 'not-found');
      expectProblem(
        await asOperator('POST', `/v1/tenants/${id}/suspend`, REASON),
        404,
        'not-found',
      );
    }
  });

  test('says why', async () => {
    const url = `/v1/tenants/${other.tenantId}/suspend`;
    expectProblem(await asOperator('POST', url, {}), 422, 'invalid-record');
    const nobody = await asOperator('DELETE', `/v1/tenants/${other.tenantId}`);
    expectProblem(nobody, 400, 'invalid-request');
  });
});

/** Who may do what an administrator may not. */
const OTHER_ROLES: Readonly<Record<string, 'approver' | 'platform' | 'security'>> = {
  'exception:approve': 'approver',
  'removal:attest': 'platform',
  'finding:answer': 'platform',
  'alert:answer': 'security',
  'strike:lift': 'security',
};

describe('a suspended tenant', () => {
  const url = () => `/v1/tenants/${other.tenantId}`;

  test('is read and exported, and refuses every change', async () => {
    const suspended = await asOperator('POST', `${url()}/suspend`, REASON);
    expect(suspended.body).toMatchObject({ state: 'suspended', suspended: REASON });
    for (const path of ['/v1/exceptions', '/v1/exports/register.csv', '/v1/tokens', '/v1/me'])
      expect((await asTheirs('administrator', 'GET', path)).status).toBe(200);
    const verify = await asTheirs('administrator', 'GET', '/v1/ledger/verification');
    expect(verify.status).toBe(200);
    const changes = api.routes.filter(
      ({ method, url: path, permission }) =>
        !['GET', 'HEAD'].includes(method) &&
        path.startsWith('/v1/') &&
        // A cloud posts what it has seen, and shows a secret of its own.
        !path.startsWith('/v1/events/') &&
        !['clock:set', 'ledger:verify', 'policy:read', 'session:own'].includes(`${permission}`) &&
        !permission?.startsWith('tenant:'),
    );
    expect(changes.length).toBeGreaterThan(30);
    for (const { method, url: path, permission } of changes) {
      const role = OTHER_ROLES[`${permission}`] ?? 'administrator';
      const answer = await asTheirs(role, method, path.replace(/:\w+/g, 'x'), {});
      expect({ method, path, status: answer.status, code: answer.body.code }).toEqual({
        ...{ method, path, status: 403, code: 'tenant-suspended' },
      });
      expect(answer.body.detail).toContain(REASON.reason);
    }
  });

  test('suspended again, stays as it is; no other tenant is touched', async () => {
    const again = await asOperator('POST', `${url()}/suspend`, { reason: 'another' });
    expect(again.body.suspended.reason).toBe(REASON.reason);
    expect((await draft(api)).status).toBe('Draft');
  });

  test('goes on with what time brings about', async () => {
    await asOperator('POST', `${url()}/resume`, REASON);
    const { exception_id: id } = await recordIn({ ...api, ...sendAs() }, 'Active');
    await asOperator('POST', `${url()}/suspend`, REASON);
    const events = () =>
      api.admin.query('SELECT FROM lapse.events WHERE tenant_id = $1 AND stream_id = $2', [
        other.tenantId,
        id,
      ]);
    const before = await events();
    await api.moveTo(START + 400 * DAY);
    expect((await events()).rowCount).toBeGreaterThan(before.rowCount ?? 0);
    const record = await asTheirs('requestor', 'GET', `/v1/exceptions/${id}`);
    expect(record.body.status).toBe('Expired');
  });

  test('is changed again once it is resumed, and its ledger has all of it', async () => {
    const resumed = await asOperator('POST', `${url()}/resume`, { reason: 'they have paid' });
    expect(resumed.body).toMatchObject({ state: 'active', suspended: null });
    const answer = await asTheirs('requestor', 'POST', '/v1/exceptions', { title: 'again' });
    expect(answer.status).toBe(201);
    expect(await eventsOf(other.tenantId, other.tenantId)).toEqual([
      'TenantSuspended',
      'TenantResumed',
      'TenantSuspended',
      'TenantResumed',
    ]);
  });

  /** The API with the other tenant's tokens for the first one's. */
  function sendAs(): Pick<typeof api, 'send'> {
    return {
      send: (method, path, { as, ...request } = {}) =>
        api.send(method, path, { ...request, ...(as ? { token: other.tokens[as] } : {}) }),
    };
  }
});

describe('a tenant that is to be deleted', () => {
  const url = () => `/v1/tenants/${other.tenantId}`;
  const wish = '?reason=the%20contract%20has%20ended';

  test('is kept while its records have not ended, or not for long enough', async () => {
    const refused = await asOperator('DELETE', url() + wish);
    expectProblem(refused, 409, 'wrong-state');
    expect(refused.body.detail).toMatch(/records have not ended.*retention\.keep/);
    const { body } = await asTheirs('requestor', 'GET', '/v1/exceptions');
    for (const { exception_id: id, status } of body.items) {
      const name = status === 'Draft' ? 'withdraw' : 'close';
      const path = `/v1/exceptions/${id}/${name}`;
      const over = await asTheirs('requestor', 'POST', path, COMMAND_BODIES[name]);
      expect(over.body.status, over.text).toBe('Closed');
    }
    await api.moveTo(START + 6 * 366 * DAY);
    const early = await asOperator('DELETE', url() + wish);
    expectProblem(early, 409, 'wrong-state');
    expect(early.body.detail).toMatch(/is kept for P7Y .* until 20/);
  });

  test('can be called off for thirty days, in which it can be read', async () => {
    await api.moveTo(START + 9 * 366 * DAY);
    const scheduled = await asOperator('DELETE', url() + wish);
    expect(scheduled.body).toMatchObject({
      state: 'to-be-deleted',
      deletion: { ...REASON, before_retention: false },
    });
    real += 2_000;
    expect((await asTheirs('requestor', 'GET', '/v1/exceptions')).status).toBe(200);
    const change = await asTheirs('requestor', 'POST', '/v1/exceptions', { title: 'late' });
    expectProblem(change, 403, 'tenant-suspended');
    const off = await asOperator('POST', `${url()}/cancel-deletion`, REASON);
    expect(off.body).toMatchObject({ state: 'active', deletion: null });
    await api.moveTo(START + 9 * 366 * DAY + 31 * DAY);
    expect((await asTheirs('requestor', 'GET', '/v1/exceptions')).status).toBe(200);
  });

  test('is gone after them, from every table, and proved', async () => {
    await asOperator('DELETE', url() + wish);
    const due = START + 9 * 366 * DAY + 62 * DAY;
    await api.moveTo(due - 2 * DAY);
    expect((await asOperator('GET', url())).body.state).toBe('to-be-deleted');
    const { rows: kept } = await api.admin.query(
      'SELECT max(size)::int AS size FROM lapse.ledger_checkpoints WHERE tenant_id = $1',
      [other.tenantId],
    );
    await api.moveTo(due);
    const { rows: tables } = await api.admin.query(
      `SELECT table_name AS name FROM information_schema.columns
       WHERE table_schema = 'lapse' AND column_name = 'tenant_id'`,
    );
    expect(tables.length).toBeGreaterThan(30);
    for (const { name } of tables) {
      const query = (id: string) =>
        api.admin.query(`SELECT FROM lapse.${name} WHERE tenant_id = $1 LIMIT 1`, [id]);
      expect({ name, left: (await query(other.tenantId)).rowCount }).toEqual({ name, left: 0 });
    }
    expect((await asOperator('GET', url())).body).toMatchObject({
      name: 'Other',
      state: 'deleted',
      deletion: REASON,
    });
    expect(await eventsOf(api.tenantId, other.tenantId)).toEqual([
      'TenantDeletionBegun',
      'TenantDeleted',
    ]);
    const proof = JSON.parse(
      readFileSync(join(api.dataDir, 'deleted-tenants', `${other.tenantId}.json`), 'utf8'),
    );
    expect(proof).toMatchObject({
      tenant_id: other.tenantId,
      name: 'Other',
      ordered: { by: { name: 'operator' }, ...REASON, before_retention: false },
      diverged: false,
      records: { Archived: 3 },
    });
    expect(Number(proof.checkpoint.split('\n')[1])).toBe(proof.entries);
    expect(proof.entries).toBeGreaterThanOrEqual(kept[0].size);
    await expectProved(proof);
    real += 2_000;
    expectProblem(await asTheirs('requestor', 'GET', '/v1/exceptions'), 401, 'unauthenticated');
    expect(existsSync(join(api.dataDir, 'evidence', other.tenantId))).toBe(false);
  });

  test('leaves the operator’s own ledger whole, and the other tenants', async () => {
    const { ok } = await api.lapse.verifyLedger(
      api.tenantId,
      () => {},
      new AbortController().signal,
    );
    expect(ok).toBe(true);
    expect((await api.send('GET', '/v1/exceptions', { as: 'requestor' })).body.total).toBe(1);
  });
});

/** Proves, with nothing but the file, that the operator's ledger has the deletion. */
async function expectProved(proof: Proof): Promise<void> {
  const logOf = (text: string): TrustedLog => {
    const key = parseVerifierKey(text);
    return { origin: key.name, keys: [key] };
  };
  await openCheckpoint(proof.checkpoint, logOf(proof.verifier_key), verifyEd25519);
  const { verifier_key: key, entries } = proof.operators_ledger;
  const types: unknown[] = [];
  for (const { envelope_base64, receipt, payload } of entries) {
    const envelope = Buffer.from(envelope_base64, 'base64');
    await verifyReceipt(receipt, envelope, logOf(key), verifyEd25519);
    types.push(JSON.parse(envelope.toString('utf8')).type);
    const altered = Buffer.from(envelope.toString('utf8').replace('Tenant', 'tenant'));
    await expect(verifyReceipt(receipt, altered, logOf(key), verifyEd25519)).rejects.toThrow();
    expect(payload).toContain('{');
  }
  expect(types).toEqual(['TenantDeletionBegun', 'TenantDeleted']);
}

interface Proof {
  readonly checkpoint: string;
  readonly verifier_key: string;
  readonly operators_ledger: {
    readonly verifier_key: string;
    readonly entries: readonly { envelope_base64: string; receipt: string; payload: string }[];
  };
}
