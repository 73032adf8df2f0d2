import { generateKeyPairSync, sign } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { signCheckpoint } from '../../src/domain/ledger/checkpoint.ts';
import { type EpochData, handoverText } from '../../src/domain/ledger/epoch.ts';
import { type NoteSigner, signNote } from '../../src/domain/ledger/signed-note.ts';
import {
  formatVerifierKey,
  noteKeyId,
  parseVerifierKey,
} from '../../src/domain/ledger/verifier-key.ts';
import { markDiverged } from '../../src/features/tenants/tenant-service.ts';
import { record } from '../../src/journal/journal.ts';
import { findLedgerKeys, loadLedgerSigner } from '../../src/journal/ledger-key.ts';
import { ledgerStream, readEpochs } from '../../src/journal/ledger-stream.ts';
import { sequence } from '../../src/journal/sequencer.ts';
import { createTestApi, type TestApi } from '../support/test-api.ts';
import { openAdmin } from './due-records.ts';
import { copyAside, draft, restoreCopy } from './restored-copy.ts';

let api: TestApi;
let admin: pg.Client;
let origin: string;
/** Entries of the copy; two more were signed and lost, and two were signed in the second epoch. */
let copied: number;

// One ledger with a second epoch; what a test does to it is undone by putting that copy back.
beforeAll(async () => {
  api = await createTestApi();
  admin = await openAdmin(api.register.admin);
  origin = `localhost:7400/ledger/${api.tenantId}`;
  await draft(api, 'before the copy');
  await api.lapse.loop.settle();
  copied = Number((await api.lapse.checkpoints.newest(api.tenantId))?.split('\n')[1]);
  await copyAside(admin);
  await draft(api, 'lost');
  await draft(api, 'lost too');
  await api.lapse.loop.settle();
  await restoreCopy(admin);
  await findOut();
  await copyAside(admin, 'diverged');
  const body = { reason: 'The disk failed.' };
  const opened = await api.send('POST', '/v1/ledger/epochs', { as: 'administrator', body });
  expect(opened.status, opened.text).toBe(201);
  await draft(api, 'after');
  await api.lapse.loop.settle();
  await copyAside(admin, 'whole');
});
beforeEach(() => restoreCopy(admin, 'whole'));
afterEach(() => {
  for (const name of readdirSync(outside()))
    if (name.endsWith(ANOTHER_DAY)) rmSync(join(outside(), name));
});
afterAll(async () => {
  await admin.end();
  await api.close();
});

/** Checkpoints of a day of its own take the place of no others. */
const ANOTHER_DAY = '2020-02-02';

const outside = () => join(api.dataDir, 'checkpoints', api.tenantId);

function keepOutside(epoch: number, note: string): Promise<void> {
  return api.lapse.checkpoints.keep(api.tenantId, epoch, note, `${ANOTHER_DAY}T00:00:00.000Z`);
}

async function findOut(): Promise<void> {
  const { db, master } = api.register;
  const { checkpoints } = api.lapse;
  await sequence({ db, master, checkpoints, onDiverged: markDiverged(db) }, api.tenantId);
}

async function verify() {
  const { text } = await api.send('GET', '/v1/ledger/verification', { as: 'auditor' });
  return JSON.parse(text.trim().split('\n').at(-1) ?? '').result;
}

/** The codes of what is found, each once. */
async function codes(): Promise<string[]> {
  const { ok, findings } = await verify();
  const found = [...new Set(findings.map(({ code }: { code: string }) => code))] as string[];
  expect(ok).toBe(found.length === 0);
  return found.sort();
}

/** Somebody's key for an epoch, which the master key has never seen. */
function ownKey(name: string) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const signer: NoteSigner = {
    name,
    keyId: noteKeyId(name, raw),
    sign: async (text) => sign(null, text, privateKey),
  };
  return { verifierKey: formatVerifierKey(name, raw), signer };
}

/** Writes an epoch's event as the owner of the database can, with everything that follows from it. */
async function writeEpoch(data: EpochData): Promise<void> {
  await api.register.db.inSystem(async (tx) => {
    const epochs = await readEpochs(tx, api.tenantId);
    const before = epochs.length === 0 ? undefined : { version: epochs.length, state: { epochs } };
    record(tx, ledgerStream, [
      {
        tenantId: api.tenantId,
        streamId: api.tenantId,
        before,
        events: [{ type: 'EpochOpened', data }],
        at: await tx.now,
        actor: { id: 'tok_1', name: 'Ada Min', role: 'administrator' },
      },
    ]);
    tx.atCommit("UPDATE lapse.tenants SET state = 'active' WHERE tenant_id = $1", [api.tenantId]);
  });
}

/** A note of the size, as the first epoch's own key signs it, of another tree. */
async function signedByFirstKey(size: number): Promise<string> {
  const { db, master } = api.register;
  const signer = await db.inSystem(async (tx) => {
    const [key] = (await findLedgerKeys(tx, api.tenantId))?.keys ?? [];
    if (!key) throw new Error('there is a key');
    return loadLedgerSigner(tx, api.tenantId, key, master);
  });
  return signCheckpoint({ origin, size, root: new Uint8Array(32).fill(size) }, [signer]);
}

test('nobody touched it: it verifies, and the epoch is named', async () => {
  expect(await verify()).toMatchObject({
    ok: true,
    findings: [],
    epochs: [
      {
        epoch: 2,
        reason: 'The disk failed.',
        lost_entries: 2,
        opened_by: { name: 'administrator' },
      },
    ],
  });
});

test('without an epoch what was lost is a finding', async () => {
  await restoreCopy(admin, 'diverged');
  await admin.query("UPDATE lapse.tenants SET state = 'active'");
  expect(await codes()).toEqual(['checkpoint-unverified', 'ledger-cut-off']);
});

test.each([
  ['signed by nobody who is known', (text: string) => signNote(text, [ownKey(origin).signer])],
  [
    'the one of the epoch before',
    async () => {
      const [second] = await api.register.db.inSystem((tx) => readEpochs(tx, api.tenantId));
      return second?.handover ?? '';
    },
  ],
  ['no note at all', async () => 'handed over'],
])(
  'an epoch that the owner of the database opens is named and found: its handover is %s',
  async (_, handOver) => {
    const name = `${origin}/epoch/3`;
    const { verifierKey } = ownKey(name);
    await writeEpoch({
      epoch: 3,
      verifier_key: verifierKey,
      handover: await handOver(handoverText(3, verifierKey)),
      tree_size: copied,
      fork_size: 0,
      cited: [await signedByFirstKey(1_000)],
      reason: 'A disk failed',
    });
    const result = await verify();
    expect(result.ok).toBe(false);
    expect(result.findings).toContainEqual(expect.objectContaining({ code: 'epoch-unverified' }));
    // Without a private half that rests under the master key nothing is signed in it either.
    expect(result.findings).toContainEqual(expect.objectContaining({ code: 'sequencing-failed' }));
    expect(result.epochs).toMatchObject([
      { epoch: 2 },
      {
        epoch: 3,
        origin: name,
        opened_by: { id: 'tok_1', name: 'Ada Min' },
        reason: 'A disk failed',
      },
    ]);
  },
);

test('in its place of the second epoch, one of the owner of the database is found too', async () => {
  await restoreCopy(admin, 'diverged');
  const name = `${origin}/epoch/2`;
  const { verifierKey, signer } = ownKey(name);
  const known = (await api.lapse.checkpoints.all(api.tenantId)).find(({ epoch }) => epoch === 1);
  await writeEpoch({
    epoch: 2,
    verifier_key: verifierKey,
    handover: await signNote(handoverText(2, verifierKey), [signer]),
    tree_size: copied,
    fork_size: copied,
    cited: [known?.note ?? ''],
    reason: 'nothing was lost',
  });
  expect(await codes()).toEqual(expect.arrayContaining(['epoch-unverified', 'ledger-cut-off']));
});

test.each([
  [
    'event',
    "UPDATE lapse.event_payloads SET payload = replace(payload, 'The disk failed', 'A test')",
    ['payload-mismatch'],
  ],
  [
    'row',
    `UPDATE lapse.ledger_epochs SET state = state || '{"reason": "A test"}'`,
    ['projection-mismatch'],
  ],
  [
    'lost row',
    'DELETE FROM lapse.ledger_epochs',
    ['checkpoint-mismatch', 'checkpoint-unverified', 'projection-missing'],
  ],
  [
    'unreadable row',
    `UPDATE lapse.ledger_epochs SET state = '[]'`,
    ['checkpoint-mismatch', 'checkpoint-unverified', 'projection-mismatch'],
  ],
  [
    'lost stream',
    `DELETE FROM lapse.event_payloads WHERE stream_type = 'ledger';
     DELETE FROM lapse.events WHERE stream_type = 'ledger'`,
    ['event-missing', 'projection-stray'],
  ],
  [
    'row for another epoch',
    `INSERT INTO lapse.ledger_epochs SELECT tenant_id, 3, state || '{"epoch": 3}' FROM lapse.ledger_epochs`,
    ['epoch-unverified', 'projection-mismatch'],
  ],
])('the epoch: its %s', async (_, sql, expected) => {
  await admin.query(sql);
  const found = await codes();
  // A pass of the sequencer has no key to go by where the row is gone.
  expect(found.filter((code) => code !== 'sequencing-failed')).toEqual(expected);
});

test('an entry from before the epoch that is altered contradicts what either epoch signed', async () => {
  const sql = `UPDATE lapse.ledger_leaves SET leaf_hash = sha256('x') WHERE ledger_index = 0`;
  await admin.query(sql);
  const { findings } = await verify();
  expect(findings).toContainEqual(expect.objectContaining({ code: 'leaf-mismatch', index: 0 }));
});

test.each([
  ['larger than the one that is cited', (cited: number) => cited + 1, 'ledger-cut-off'],
  ['within what the tree agreed with', () => copied, 'checkpoint-mismatch'],
])('a checkpoint of the first epoch outside, %s, is found', async (_, sizeOf, code) => {
  await keepOutside(1, await signedByFirstKey(sizeOf(copied + 9)));
  expect(await codes()).toEqual([code]);
});

test('a checkpoint of an epoch that nobody knows is found outside', async () => {
  const { signer } = ownKey(`${origin}/epoch/7`);
  const note = await signCheckpoint(
    { origin: `${origin}/epoch/7`, size: 1, root: new Uint8Array(32) },
    [signer],
  );
  await keepOutside(7, note);
  expect(await codes()).toEqual(expect.arrayContaining(['checkpoint-unverified']));
});

test('the second epoch has a key of its own', async () => {
  const { body } = await api.send('GET', '/v1/ledger/epochs', { as: 'auditor' });
  const [first, second] = body.items.map((item: { verifier_key: string }) =>
    parseVerifierKey(item.verifier_key),
  );
  expect(Buffer.from(second.publicKey).equals(first.publicKey)).toBe(false);
});
