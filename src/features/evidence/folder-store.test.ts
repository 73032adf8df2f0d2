import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runOnSmallDisk } from '../../../test/support/small-disk.ts';
import { folderStore } from './folder-store.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'lapse-files-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

async function* pieces(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}

const digest = createHash('sha256').update('memo').digest('hex');
const place = { tenantId: 'T1', digest };

test('keeps a file by its digest, for its owner alone, and gives it back', async () => {
  const root = folder();
  const store = folderStore(root);
  await store.put(place, pieces('me', 'mo'));
  await store.put(place, pieces('memo'));
  const stored = await store.open(place);
  expect(stored?.size).toBe(4);
  expect(Buffer.concat(await Array.fromAsync(stored?.bytes ?? [])).toString()).toBe('memo');
  expect(statSync(join(root, 'T1', digest.slice(0, 2), digest)).mode & 0o777).toBe(0o600);
  expect(await store.open({ ...place, tenantId: 'T2' })).toBeUndefined();
  await store.remove(place);
  await store.remove(place);
  expect(await store.open(place)).toBeUndefined();
});

test('leaves nothing of a file that breaks off', async () => {
  const root = folder();
  const broken = (async function* () {
    yield Buffer.from('me');
    throw new Error('gone');
  })();
  await expect(folderStore(root).put(place, broken)).rejects.toThrow('gone');
  expect(readdirSync(join(root, 'T1', digest.slice(0, 2)))).toEqual([]);
});

test('on a full disk refuses, and leaves what was there and nothing else', async () => {
  const module = resolve(import.meta.dirname, 'folder-store.ts');
  const root = folder();
  const printed = await runOnSmallDisk(
    root,
    1_000,
    `import { readdirSync } from 'node:fs';
     import { folderStore } from ${JSON.stringify(module)};
     const store = folderStore(${JSON.stringify(root)});
     const file = async function* (size: number) {
       for (let at = 0; at < size; at += 50_000) yield Buffer.alloc(50_000);
     };
     const put = (name: string, size: number) =>
       store.put({ tenantId: 'T1', digest: name.repeat(64) }, file(size));
     await put('a', 200_000);
     const refusal = await put('b', 2_000_000).catch((error) => error);
     const there = readdirSync(${JSON.stringify(root)}, { recursive: true, withFileTypes: true });
     const names = there.filter((entry) => entry.isFile()).map(({ name }) => name.slice(0, 3));
     console.log(JSON.stringify([refusal.code, refusal.message, names]));`,
  );
  expect(JSON.parse(printed)).toEqual([
    'unavailable',
    'the server has no room for the file: nothing was kept; make room and try again',
    ['aaa'],
  ]);
});
