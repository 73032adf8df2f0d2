import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
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
const pathIn = (root: string) => join(root, 'T1', digest.slice(0, 2), digest);

test('keeps a file for its owner alone, and mends one that was altered', async () => {
  const root = folder();
  const store = folderStore(root);
  await store.put(place, { size: 4, bytes: pieces('memo') });
  expect(statSync(pathIn(root)).mode & 0o777).toBe(0o600);
  writeFileSync(pathIn(root), 'nemo');
  await store.put(place, { size: 4, bytes: pieces('memo') });
  const stored = await store.open(place);
  expect(Buffer.concat(await Array.fromAsync(stored?.bytes ?? [])).toString()).toBe('memo');
});

test('sweeps what a server that was killed had begun to store, and nothing else', async () => {
  const root = folder();
  const store = folderStore(root);
  await store.sweepUnfinished(Date.now());
  await store.put(place, { size: 4, bytes: pieces('memo') });
  const part = join(root, 'T1', digest.slice(0, 2));
  const [old, young] = ['0', '1'].map((digit) => `.${digest}.${digit.repeat(12)}.tmp`);
  const others = ['.hidden', `${digest}.tmp`];
  const hour = 3_600_000;
  for (const [name, age] of [
    [old, 2 * hour],
    [young, hour / 2],
    ...others.map((other) => [other, 2 * hour]),
  ] as [string, number][]) {
    writeFileSync(join(part, name), 'me');
    utimesSync(join(part, name), new Date(), new Date(Date.now() - age));
  }
  mkdirSync(join(root, 'T2'));
  writeFileSync(join(root, 'note'), 'in no tenant');
  await store.sweepUnfinished(Date.now() - hour);
  expect(readdirSync(part).sort()).toEqual([...others, young, digest].sort());
});

test('on a full disk refuses, and leaves what was there and nothing else', async () => {
  const module = resolve(import.meta.dirname, 'folder-store.ts');
  const root = folder();
  const printed = await runOnSmallDisk(
    root,
    1_000,
    `import { createHash } from 'node:crypto';
     import { readdirSync } from 'node:fs';
     import { folderStore } from ${JSON.stringify(module)};
     const store = folderStore(${JSON.stringify(root)});
     const put = (size: number) => {
       const content = Buffer.alloc(size);
       const digest = createHash('sha256').update(content).digest('hex');
       const bytes = (async function* () {
         for (let at = 0; at < size; at += 50_000) yield content.subarray(at, at + 50_000);
       })();
       return store.put({ tenantId: 'T1', digest }, { size, bytes });
     };
     await put(200_000);
     const refusal = await put(2_000_000).catch((error) => error);
     const there = readdirSync(${JSON.stringify(root)}, { recursive: true, withFileTypes: true });
     const names = there.filter((entry) => entry.isFile()).map(({ name }) => name.length);
     console.log(JSON.stringify([refusal.code, refusal.message, names]));`,
  );
  expect(JSON.parse(printed)).toEqual([
    'unavailable',
    'the server has no room for the file: nothing was kept; make room and try again',
    [64],
  ]);
});
