import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BackupUnverifiedError } from '../../src/features/backup/restore-backup.ts';
import { manyLives, recordLives } from '../../src/journal/verify-ledger.fixture.ts';
import { longLivedFolder } from '../e2e/long-lived-folder.ts';
import { createTestApi, type TestApi } from '../support/test-api.ts';
import { backUpApi, createTarget, type RestoreTarget } from './backup-lab.ts';

const folder = longLivedFolder();
const older = join(folder, 'older.backup');
const newer = join(folder, 'newer.backup');

let api: TestApi;
let target: RestoreTarget;
/** The newest checkpoint when the older backup was made, and when the newer one was. */
const notes: string[] = [];

beforeAll(async () => {
  api = await createTestApi();
  for (const path of [older, newer]) {
    await recordLives(api.register.db, api.tenantId, manyLives(30));
    await api.lapse.loop.settle();
    await backUpApi(api, path);
    notes.push((await api.lapse.checkpoints.newest(api.tenantId)) ?? '');
  }
});
afterAll(() => api?.close());

beforeEach(async () => {
  target = await createTarget(folder);
});
afterEach(() => target.drop());

function sizeOf(note: string | undefined): number {
  return Number(note?.split('\n')[1]);
}

async function tenantState() {
  const { rows } = await target.admin.query('SELECT state, state_note FROM lapse.tenants');
  return rows[0];
}

describe('given a backup that is older than what was signed', () => {
  const later = { name: 'kept-elsewhere.txt', note: '' };
  const forged = { name: 'forged.txt', note: '' };
  beforeAll(() => {
    later.note = notes[1] ?? '';
    forged.note = later.note.replace(/^(.*\n)\d+/, '$1999999');
  });

  test('when nothing tells, then it is restored and can be written to', async () => {
    const { tenants } = await target.restore(older);
    expect(tenants[0]?.later).toBeUndefined();
    expect(await tenantState()).toEqual({ state: 'active', state_note: null });
  });

  test('when a later checkpoint lies in the data folder, then the register can only be read, and it stays', async () => {
    const place = join(target.dataDir, 'checkpoints', api.tenantId);
    const name = `${String(sizeOf(notes[1])).padStart(16, '0')}.2026-01-02`;
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, name), later.note);
    const { tenants } = await target.restore(older);
    expect(tenants[0]?.later).toMatchObject({ name, epoch: 1, size: sizeOf(notes[1]) });
    expect(await tenantState()).toEqual({
      state: 'read-only',
      state_note: `a restored backup has ${sizeOf(notes[0])} of the ${sizeOf(notes[1])} entries that were signed before`,
    });
    const { rows } = await target.admin.query('SELECT kind FROM lapse.tasks');
    expect(rows).toEqual([{ kind: 'ledger-diverged' }]);
    expect(readFileSync(join(place, name), 'utf8')).toBe(later.note);
  });

  test('when a later checkpoint is named, then the same, and it is kept where servers look', async () => {
    const { tenants } = await target.restore(older, [later]);
    expect(tenants[0]?.later).toMatchObject({
      name: later.name,
      epoch: 1,
      size: sizeOf(later.note),
    });
    expect(await tenantState()).toMatchObject({ state: 'read-only' });
    const place = join(target.dataDir, 'checkpoints', api.tenantId);
    const newest = readdirSync(place).sort().at(-1) ?? '';
    expect(readFileSync(join(place, newest), 'utf8')).toBe(later.note);
  });

  test('when the checkpoint that is named was forged, then nothing is restored', async () => {
    await expect(target.restore(older, [forged])).rejects.toBeInstanceOf(BackupUnverifiedError);
    expect(await target.hasSchema()).toBe(false);
  });

  test('when the newer backup is restored with that checkpoint, then it is not older', async () => {
    const { tenants } = await target.restore(newer, [later]);
    expect(tenants[0]?.later).toBeUndefined();
    expect(await tenantState()).toMatchObject({ state: 'active' });
  });

  test.each([
    [
      'another ledger',
      `elsewhere.example/ledger/1\n5\n${Buffer.alloc(32).toString('base64')}\n\n`,
      'elsewhere.example/ledger/1',
    ],
    ['nothing', 'no checkpoint', 'no checkpoint at all'],
  ])('when the checkpoint is of %s, then it is refused', async (_, note, told) => {
    await expect(target.restore(newer, [{ name: 'x.txt', note }])).rejects.toThrow(told);
    expect(await target.hasSchema()).toBe(false);
  });
});

describe('given a register that was tampered with before it was backed up', () => {
  const path = join(folder, 'tampered.backup');
  const tamper = async (change: string, undo: string) => {
    await api.admin.query(change);
    try {
      await backUpApi(api, path);
    } finally {
      await api.admin.query(undo);
    }
  };

  test('when it is restored, then the first entry that fails is named and nothing stays', async () => {
    const event =
      '(SELECT stream_type, stream_id, version FROM lapse.ledger_leaves WHERE ledger_index = 42)';
    await tamper(
      `UPDATE lapse.event_payloads SET payload = payload || ' ' WHERE (stream_type, stream_id, version) IN ${event}`,
      `UPDATE lapse.event_payloads SET payload = rtrim(payload) WHERE (stream_type, stream_id, version) IN ${event}`,
    );
    const error = await target.restore(path).catch((caught) => caught);
    expect(error).toBeInstanceOf(BackupUnverifiedError);
    expect(error.verification).toMatchObject({
      first_failing: 42,
      findings: [{ code: 'payload-mismatch', index: 42 }],
    });
    expect(await target.hasSchema()).toBe(false);
    expect(existsSync(join(target.dataDir, 'master-key'))).toBe(false);
    expect(existsSync(join(target.dataDir, 'checkpoints'))).toBe(false);
  });

  test('when a head was changed, then too', async () => {
    const last = '(SELECT max(size) FROM lapse.ledger_heads)';
    const { rows } = await api.admin.query(
      `SELECT encode(root, 'hex') AS root FROM lapse.ledger_heads WHERE size = ${last}`,
    );
    await tamper(
      `UPDATE lapse.ledger_heads SET root = sha256('other') WHERE size = ${last}`,
      `UPDATE lapse.ledger_heads SET root = '\\x${rows[0].root}' WHERE size = ${last}`,
    );
    await expect(target.restore(path)).rejects.toBeInstanceOf(BackupUnverifiedError);
    expect(await target.hasSchema()).toBe(false);
  });

  test('when a table has a column that this release lacks, then it is refused by name', async () => {
    await tamper(
      'ALTER TABLE lapse.comments ADD COLUMN mood text',
      'ALTER TABLE lapse.comments DROP COLUMN mood',
    );
    await expect(target.restore(path)).rejects.toThrow('column comments.mood, which this release');
    expect(await target.hasSchema()).toBe(false);
  });

  test('when its schema is newer than this release, then it is refused before the database is touched', async () => {
    await tamper(
      "INSERT INTO lapse.schema_migrations VALUES ('9999-later.sql', 'x')",
      "DELETE FROM lapse.schema_migrations WHERE name = '9999-later.sql'",
    );
    await expect(target.restore(path)).rejects.toThrow(/9999-later.sql, which this release does/);
    expect(existsSync(target.dataDir)).toBe(false);
  });
});

describe('given a file that was damaged far behind its beginning', () => {
  const CHUNK = 64 * 1024 + 16;
  const damaged = join(folder, 'damaged.backup');
  let file: Buffer;
  beforeAll(() => {
    file = readFileSync(newer);
    expect(file.length).toBeGreaterThan(72 + CHUNK);
  });

  test.each<[string, () => Buffer, string]>([
    ['cut off after its first chunk', () => file.subarray(0, 72 + CHUNK), 'cut-off'],
    ['cut off within its last chunk', () => file.subarray(0, -40), 'altered'],
    [
      'altered by one bit near its end',
      () => {
        const copy = Buffer.from(file);
        copy[copy.length - 50] = (copy[copy.length - 50] ?? 0) ^ 4;
        return copy;
      },
      'altered',
    ],
    ['followed by something else', () => Buffer.concat([file, Buffer.alloc(100)]), 'altered'],
  ])(
    'when it is %s, then the rows that were loaded before are gone again',
    async (_, of, problem) => {
      writeFileSync(damaged, of());
      await expect(target.restore(damaged)).rejects.toMatchObject({
        name: 'BackupFileError',
        problem,
      });
      expect(await target.hasSchema()).toBe(false);
      expect(existsSync(join(target.dataDir, 'master-key'))).toBe(false);
    },
  );
});

test.each(['load', 'rebuild', 'verify'])(
  'a restore that is stopped while it is to %s leaves nothing',
  async (step) => {
    const stop = new AbortController();
    const stopped = target.restore(newer, [], (progress) => {
      if (progress.step === step) stop.abort();
      stop.signal.throwIfAborted();
    });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    expect(await target.hasSchema()).toBe(false);
    expect(existsSync(join(target.dataDir, 'master-key'))).toBe(false);
  },
);

test('a backup without the key that its secrets rest under is not made', async () => {
  const path = join(folder, 'keyless.backup');
  await expect(backUpApi(api, path, Buffer.alloc(32, 9))).rejects.toThrow(/rest under master key/);
  await expect(backUpApi(api, path, null)).rejects.toThrow(/master-key, and without/);
  expect(existsSync(path)).toBe(false);
});

describe('given a target that is not what a restore needs', () => {
  test('when its master key is another, then it is refused, and the key stays', async () => {
    mkdirSync(target.dataDir);
    const other = `${Buffer.alloc(32, 8).toString('base64')}\n`;
    writeFileSync(join(target.dataDir, 'master-key'), other);
    await expect(target.restore(newer)).rejects.toThrow(/master-key is another key/);
    expect(readFileSync(join(target.dataDir, 'master-key'), 'utf8')).toBe(other);
    expect(await target.hasSchema()).toBe(false);
  });

  test('when LAPSE_MASTER_KEY is another, then it is refused; when it is the same, no file is made', async () => {
    target.env.LAPSE_MASTER_KEY = Buffer.alloc(32, 8).toString('base64');
    await expect(target.restore(newer)).rejects.toThrow(/LAPSE_MASTER_KEY is another key/);
    target.env.LAPSE_MASTER_KEY = Buffer.alloc(32, 7).toString('base64');
    await target.restore(newer);
    expect(existsSync(join(target.dataDir, 'master-key'))).toBe(false);
  });

  test('when a table of the schema has rows but there is no tenant, then the table is named', async () => {
    await target.admin.query('CREATE SCHEMA lapse; CREATE TABLE lapse.notes AS SELECT 1 AS n');
    await expect(target.restore(newer)).rejects.toThrow('there are rows in notes');
    const { rows } = await target.admin.query('SELECT n FROM lapse.notes');
    expect(rows).toEqual([{ n: 1 }]);
  });

  test('when somebody holds its tables, then it gives up instead of waiting', async () => {
    await target.admin.query('CREATE SCHEMA lapse; CREATE TABLE lapse.tenants ()');
    await target.admin.query('BEGIN; LOCK TABLE lapse.tenants');
    await expect(target.restore(newer)).rejects.toMatchObject({ code: '55P03' });
    await target.admin.query('ROLLBACK');
  });

  test('when the configuration there is another, then the backup\u2019s is put beside the data', async () => {
    writeFileSync(join(api.dataDir, 'lapse.config.yaml'), 'tenant: {name: Backup}\n');
    const path = join(folder, 'with-config.backup');
    await backUpApi(api, path);
    const here = join(folder, target.connection.database.replace('restored_', ''));
    mkdirSync(here);
    writeFileSync(join(here, 'lapse.config.yaml'), 'tenant: {name: Here}\n');
    const { configFile } = await target.restore(path);
    expect(configFile).toEqual({
      path: join(target.dataDir, 'restored-lapse.config.yaml'),
      isBeside: true,
    });
    expect(readFileSync(join(here, 'lapse.config.yaml'), 'utf8')).toContain('Here');
    expect(readFileSync(configFile?.path ?? '', 'utf8')).toContain('Backup');
  });
});
