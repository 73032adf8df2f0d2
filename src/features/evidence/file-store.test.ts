import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { givenBucket, startBucket } from '../../../test/support/s3-server.ts';
import type { FileStore } from './file-store.ts';
import { folderStore } from './folder-store.ts';
import { s3Store } from './s3-store.ts';
import { isIntact } from './stored-digest.ts';

const folder = mkdtempSync(join(tmpdir(), 'lapse-files-'));
const bucket = await startBucket();
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await bucket.end();
});

async function* pieces(...parts: readonly (string | Buffer)[]) {
  for (const part of parts) yield Buffer.from(part);
}

const STORES: readonly (readonly [string, FileStore])[] = [
  ['a folder', folderStore(folder)],
  ['a bucket', s3Store(bucket.place)],
  ...[givenBucket()].flatMap((place) =>
    place ? [['the given bucket', s3Store(place)] as const] : [],
  ),
];

// What the port promises, of every store.
describe.each(STORES)('a store of files: %s', (_, store) => {
  const content = randomBytes(20).toString('hex');
  const digest = createHash('sha256').update(content).digest('hex');
  const place = { tenantId: 'T1', digest };
  const file = () => ({ size: 40, bytes: pieces(content.slice(0, 7), content.slice(7)) });
  const textOf = async (name = place) =>
    Buffer.concat(await Array.fromAsync((await store.open(name))?.bytes ?? [])).toString();

  test('has nothing to complain of', async () => {
    expect(await store.findProblem()).toBeUndefined();
    expect(await store.findProblem()).toBeUndefined();
  });

  test('keeps a file under its digest, for its tenant alone, and gives it back', async () => {
    expect(await store.open(place)).toBeUndefined();
    await store.put(place, file());
    expect((await store.open(place))?.size).toBe(40);
    expect(await textOf()).toBe(content);
    expect(await isIntact(store, place)).toBe(true);
    expect(await store.open({ ...place, tenantId: 'T2' })).toBeUndefined();
  });

  test('changes nothing when it is given the file again, or twice at once', async () => {
    await Promise.all([store.put(place, file()), store.put(place, file())]);
    expect(await textOf()).toBe(content);
  });

  test('refuses what is not the file, and keeps what is there', async () => {
    const other = { tenantId: 'T1', digest: 'a'.repeat(64) };
    const put = store.put(other, { size: 4, bytes: pieces('me', 'mo') });
    await expect(put).rejects.toThrow('the bytes are not those of the file aaaa');
    expect(await store.open(other)).toBeUndefined();
    const again = store.put(place, { size: 40, bytes: pieces('x'.repeat(40)) });
    await expect(again).rejects.toThrow();
    expect(await textOf()).toBe(content);
  });

  test('leaves nothing of a file that breaks off', async () => {
    const broken = (async function* () {
      yield Buffer.from('me');
      throw new Error('gone');
    })();
    const other = { tenantId: 'T1', digest: 'b'.repeat(64) };
    await expect(store.put(other, { size: 4, bytes: broken })).rejects.toThrow('gone');
    expect(await store.open(other)).toBeUndefined();
  });

  test('streams a large one', async () => {
    const part = randomBytes(1024 * 1024);
    const parts = Array.from({ length: 25 }, () => part);
    const hash = createHash('sha256');
    for (const one of parts) hash.update(one);
    const large = { tenantId: 'T1', digest: hash.digest('hex') };
    await store.put(large, { size: 25 * part.length, bytes: pieces(...parts) });
    expect(await isIntact(store, large)).toBe(true);
    await store.remove(large);
  });

  test('takes a file away, and what is not there too', async () => {
    await store.sweepUnfinished(Date.now());
    expect(await textOf()).toBe(content);
    await store.remove(place);
    await store.remove(place);
    expect(await store.open(place)).toBeUndefined();
    expect(await isIntact(store, place)).toBe(false);
  });
});
