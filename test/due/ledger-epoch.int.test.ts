import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyReceipt } from '../../src/domain/ledger/proof-text.ts';
import { parseVerifierKey } from '../../src/domain/ledger/verifier-key.ts';
import { EpochService } from '../../src/features/ledger/epoch-service.ts';
import {
  lockTenant,
  markDiverged,
  resumeWriting,
  tenantState,
} from '../../src/features/tenants/tenant-service.ts';
import { fileCheckpointStore } from '../../src/journal/checkpoint-store.ts';
import { verifyEd25519 } from '../../src/journal/note-signature.ts';
import { sequence } from '../../src/journal/sequencer.ts';
import { fully } from '../support/fully.ts';
import { expectProblem } from '../support/problem-shape.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createTestApi, type TestApi } from '../support/test-api.ts';
import { openAdmin } from './due-records.ts';
import { copyAside, draft, restoreCopy } from './restored-copy.ts';

let api: TestApi;
let admin: pg.Client;
/** The name that the first epoch signs under. */
let origin: string;
/** Entries of the copy, and of the tree that was signed after it. */
let copied: number;
let signed: number;

beforeEach(async () => {
  api = await createTestApi();
  admin = await openAdmin(api.register.admin);
  origin = `localhost:7400/ledger/${api.tenantId}`;
  await draft(api, 'before the copy');
  await api.lapse.loop.settle();
  copied = await signedSize();
  await copyAside(admin);
  await loseTwo();
  signed = copied + 2;
});
afterEach(async () => {
  await admin.end();
  await api.close();
});

/** Two entries are signed, and then the copy is put back and found out. */
async function loseTwo(copy?: string): Promise<void> {
  await draft(api, 'lost');
  await draft(api, 'lost too');
  await api.lapse.loop.settle();
  await restoreCopy(admin, copy);
  await findOut();
}

/** A pass of the sequencer, whose `checkpoints` are this server's unless told. */
async function findOut(checkpoints = api.lapse.checkpoints): Promise<void> {
  const { db, master } = api.register;
  await sequence({ db, master, checkpoints, onDiverged: markDiverged(db) }, api.tenantId);
}

const open = (
  reason = 'The disk failed; the copy of the night before was restored.',
  headers = {},
) => api.send('POST', '/v1/ledger/epochs', { as: 'administrator', body: { reason }, headers });

async function list() {
  return (await api.send('GET', '/v1/ledger/epochs', { as: 'auditor' })).body;
}

async function text(path: string): Promise<string> {
  const { status, text } = await api.send('GET', path, { as: 'auditor' });
  expect(status, text).toBe(200);
  return text;
}

async function signedSize(): Promise<number> {
  return Number((await text('/v1/ledger/checkpoint')).split('\n')[1]);
}

async function verify() {
  const lines = (await text('/v1/ledger/verification')).trim().split('\n');
  return JSON.parse(lines.at(-1) ?? '').result;
}

async function state(): Promise<string> {
  return (await admin.query('SELECT state FROM lapse.tenants')).rows[0].state;
}

async function count(table: string): Promise<number> {
  return (await admin.query(`SELECT count(*)::int FROM lapse.${table}`)).rows[0].count;
}

describe('given a restored copy that was found out', () => {
  test('when an administrator opens an epoch, then commands work again and the ledger verifies', async () => {
    expect((await draft(api, 'refused')).body.code).toBe('ledger-diverged');
    const before = await list();
    expect(before.divergence).toEqual({
      detail: `the ledger is shorter than the ${signed} entries that were signed before`,
      tree_size: copied,
      fork_size: copied,
      lost_entries: 2,
      given_up: [{ origin, size: signed }],
    });
    const opened = await open('The disk failed.');
    expect(opened.status, opened.text).toBe(201);
    expect(opened.body).toMatchObject({
      epoch: 2,
      origin: `${origin}/epoch/2`,
      opened_by: { name: 'administrator' },
      reason: 'The disk failed.',
      tree_size: copied,
      fork_size: copied,
      lost_entries: 2,
      given_up: [{ origin, size: signed }],
    });
    expect(await list()).toEqual({ items: [before.items[0], opened.body], divergence: null });
    expect((await draft(api, 'after')).status).toBe(201);
    const { body } = await api.send('GET', '/v1/tasks?all=true', { as: 'administrator' });
    expect(body.items).toEqual([
      expect.objectContaining({
        kind: 'ledger-diverged',
        resolved_at: opened.body.opened_at,
        resolved_by: opened.body.opened_by.id,
      }),
    ]);
    const result = await verify();
    const { verifier_key: _, handover: __, tree_size: ___, ...report } = opened.body;
    expect(result).toMatchObject({ ok: true, findings: [], size: copied + 2, epochs: [report] });
    expect(await state()).toBe('active');
  });

  test('when the epoch is open, then its key signs under its name, from its own entry on', async () => {
    const { body } = await open();
    await api.lapse.loop.settle();
    const note = await text('/v1/ledger/checkpoint');
    expect(note.split('\n').slice(0, 2)).toEqual([`${origin}/epoch/2`, String(copied + 1)]);
    expect((await text('/v1/ledger/key')).trim()).toBe(body.verifier_key);
    const entry = await api.send('GET', `/v1/ledger/entries/${copied}`, { as: 'auditor' });
    expect(entry.body.envelope).toMatchObject({
      stream: `ledger:${api.tenantId}`,
      type: 'EpochOpened',
    });
    const key = parseVerifierKey(body.verifier_key);
    const receipt = await text(`/v1/ledger/entries/${copied}/proof`);
    await verifyReceipt(
      receipt,
      Buffer.from(entry.body.envelope_base64, 'base64'),
      { origin: key.name, keys: [key] },
      verifyEd25519,
    );
    const kept = await api.lapse.checkpoints.newestOfEach(api.tenantId);
    expect(kept.map(({ epoch, note: text }) => [epoch, Number(text.split('\n')[1])])).toEqual([
      [1, signed],
      [2, copied + 1],
    ]);
  });

  test('when the new epoch has signed nothing yet, then no checkpoint of the old one is given out', async () => {
    await open();
    for (const path of ['checkpoint', 'entries/0/proof']) {
      const answer = await api.send('GET', `/v1/ledger/${path}`, { as: 'auditor' });
      expectProblem(answer, 404, 'not-found');
      expect(answer.body.detail).toContain('epoch 2');
    }
  });

  test('when events were committed meanwhile, then the new epoch signs them too', async () => {
    const body = { name: 'ci', role: 'auditor' };
    const token = await api.send('POST', '/v1/tokens', { as: 'administrator', body });
    expect(token.status).toBe(201);
    await open();
    await api.lapse.loop.settle();
    expect(await signedSize()).toBe(copied + 2);
    expect(await verify()).toMatchObject({ ok: true, pending: 0 });
  });

  test('when several open one at the same moment, then there is one', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => open()));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
    expect(await count('ledger_epochs')).toBe(1);
    expect(await verify()).toMatchObject({ ok: true, epochs: [{ epoch: 2 }] });
  });

  test('when one request is sent several times at once, then all have one answer', async () => {
    const headers = { 'idempotency-key': 'once' };
    const answers = await Promise.all(Array.from({ length: 4 }, () => open('once', headers)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    for (const { body } of answers) expect(body).toEqual(answers[0]?.body);
    expect(await count('ledger_epochs')).toBe(1);
  });

  test('when a pass that began before finds it out again, then the tenant stays as it is', async () => {
    await open();
    await markDiverged(api.register.db)(api.tenantId, 'judged in the first epoch', 1);
    expect(await state()).toBe('active');
    await markDiverged(api.register.db)(api.tenantId, 'judged in the second', 2);
    expect(await state()).toBe('read-only');
  });

  test('when the copy is put back once more, then the third epoch follows on the first', async () => {
    await open();
    await loseTwo();
    expect(await state()).toBe('read-only');
    const { divergence } = await list();
    expect(divergence.detail).toBe(
      'epoch 2 of the ledger was signed before, and the database knows none after epoch 1',
    );
    const third = await open();
    expect(third.body).toMatchObject({
      epoch: 3,
      given_up: [
        { origin, size: signed },
        { origin: `${origin}/epoch/2`, size: copied + 3 },
      ],
      lost_entries: 3,
    });
    await draft(api, 'after');
    await api.lapse.loop.settle();
    expect(await signedSize()).toBe(copied + 2);
    expect(await verify()).toMatchObject({ ok: true, epochs: [{ epoch: 3 }] });
  });

  test('when a copy of the second epoch is put back, then the third one follows on it', async () => {
    await open();
    await api.lapse.loop.settle();
    await copyAside(admin, 'second');
    await loseTwo('second');
    expect(await state()).toBe('read-only');
    const third = await open();
    expect(third.body).toMatchObject({
      epoch: 3,
      fork_size: copied + 1,
      lost_entries: 2,
      given_up: [{ origin: `${origin}/epoch/2`, size: copied + 3 }],
    });
    expect(await verify()).toMatchObject({
      ok: true,
      epochs: [
        { epoch: 2, lost_entries: 2 },
        { epoch: 3, lost_entries: 2 },
      ],
    });
  });

  test('when another host has kept a later checkpoint, then it finds that out, and cites it', async () => {
    const { db, master } = api.register;
    const { tenantId } = api;
    const actor = { id: 'tok_1', name: 'Ada', role: 'administrator' } as const;
    const hosts = [api.lapse.checkpoints, fileCheckpointStore(temporaryFolder())] as const;
    const openOn = (host: 0 | 1) =>
      new EpochService({
        db,
        master,
        checkpoints: hosts[host],
        tenantState,
        lockTenant,
        resumeWriting,
      }).open({ ...fully(tenantId), actor }, 'restored');
    // The first host has found it out; the second keeps nothing that the tree contradicts.
    expect(await openOn(1)).toMatchObject({ epoch: 2, cited: [], fork_size: copied });
    await findOut(hosts[1]);
    expect(await state()).toBe('active');
    await findOut(hosts[0]);
    expect(await state()).toBe('read-only');
    const known = await hosts[0].newest(tenantId);
    expect(await openOn(0)).toMatchObject({ epoch: 3, cited: [known] });
    for (const host of hosts) await findOut(host);
    expect(await state()).toBe('active');
    expect(await verify()).toMatchObject({ ok: true, epochs: [{ epoch: 2 }, { epoch: 3 }] });
  });

  test.each([
    ['no body', undefined],
    ['no reason', {}],
    ['an empty reason', { reason: '  ' }],
    ['a reason that is no text', { reason: 7 }],
    ['a reason that is too long', { reason: 'x'.repeat(8_001) }],
    ['a reason that cannot be stored', { reason: 'a\u0000b' }],
    ['an unknown field', { reason: 'x', epoch: 9 }],
  ])('when there is %s, then nothing is opened', async (_, body) => {
    const answer = await api.send('POST', '/v1/ledger/epochs', { as: 'administrator', body });
    expect([400, 422]).toContain(answer.status);
    expect(await state()).toBe('read-only');
    expect(await count('ledger_epochs')).toBe(0);
  });

  test.each(['requestor', 'approver', 'auditor'] as const)('as %s nobody opens one', async (as) => {
    const body = { reason: 'mine' };
    expectProblem(await api.send('POST', '/v1/ledger/epochs', { as, body }), 403, 'not-permitted');
    expect(await state()).toBe('read-only');
  });
});

test('a ledger that has not diverged has no new epoch', async () => {
  await open();
  await api.lapse.loop.settle();
  const before = await count('events');
  const refused = await open();
  expectProblem(refused, 409, 'wrong-state');
  expect(refused.body.detail).toContain('has not diverged');
  expect(await count('events')).toBe(before);
});
