import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { spool } from './spooled-file.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'lapse-spool-test-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

const limit = (bytes: number) => ({ bytes, of: 'a test', mend: 'split it' });
const pieces = [Buffer.from('title: '), Buffer.alloc(200_000, 'x'), Buffer.from('\n')];

it('holds an upload without a name, and gives it as often as it is asked', async () => {
  const where = folder();
  const file = await spool(Readable.from(pieces), limit(1_000_000), where);
  expect(readdirSync(where)).toEqual([]);
  const whole = Buffer.concat(pieces);
  for (let i = 0; i < 2; i += 1) {
    expect(Buffer.concat(await Array.fromAsync(file.read()))).toEqual(whole);
  }
  expect(Buffer.from(file.sha256)).toEqual(createHash('sha256').update(whole).digest());
  await file.close();
});

it('refuses what is too large, and reads it to its end for the answer to arrive', async () => {
  const where = folder();
  const upload = Readable.from(pieces);
  await expect(spool(upload, limit(100), where)).rejects.toMatchObject({ code: 'too-large' });
  expect(upload.destroyed && !upload.readableEnded).toBe(false);
  expect(readdirSync(where)).toEqual([]);
});

it('refuses an upload that is cut off', async () => {
  const where = folder();
  const cut = Readable.from(
    (async function* () {
      yield pieces[0];
      throw new Error('aborted');
    })(),
  );
  const refusal = { code: 'invalid-request', message: expect.stringContaining('cut off') };
  await expect(spool(cut, limit(100), where)).rejects.toMatchObject(refusal);
  expect(readdirSync(where)).toEqual([]);
});
