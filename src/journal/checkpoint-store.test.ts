import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { formatCheckpoint } from '../domain/ledger/checkpoint.ts';
import { fileCheckpointStore } from './checkpoint-store.ts';

const TENANT = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const MONDAY = '2026-01-05T09:00:00.000Z';
const TUESDAY = '2026-01-06T09:00:00.000Z';

/** A note as the sequencer keeps it; what stands below the empty line is the signer's matter. */
function note(size: number): string {
  const text = formatCheckpoint({ origin: 'log.example/1', size, root: new Uint8Array(32) });
  return `${text}\n— log.example/1 c2lnbmF0dXJl\n`;
}

test('nothing is kept at first', async () => {
  const store = fileCheckpointStore(join(temporaryFolder(), 'checkpoints'));
  expect(await store.newest(TENANT)).toBeUndefined();
  expect(await store.all(TENANT)).toEqual([]);
});

test('keeps the newest, and the last of each day', async () => {
  const store = fileCheckpointStore(temporaryFolder());
  for (const size of [1, 2, 3]) await store.keep(TENANT, 1, note(size), MONDAY);
  for (const size of [4, 1_000]) await store.keep(TENANT, 1, note(size), TUESDAY);
  expect(await store.newest(TENANT)).toBe(note(1_000));
  expect((await store.all(TENANT)).map((kept) => kept.note)).toEqual([note(3), note(1_000)]);
});

test('a smaller tree never takes the place of a larger one', async () => {
  const store = fileCheckpointStore(temporaryFolder());
  await store.keep(TENANT, 1, note(10), MONDAY);
  await store.keep(TENANT, 1, note(9), MONDAY);
  await store.keep(TENANT, 1, note(2), TUESDAY);
  expect(await store.newest(TENANT)).toBe(note(10));
});

test('processes that keep checkpoints at the same moment leave the largest', async () => {
  const folder = temporaryFolder();
  const stores = Array.from({ length: 8 }, () => fileCheckpointStore(folder));
  const sizes = Array.from({ length: 80 }, (_, index) => ((index * 37) % 80) + 1);
  const seen: number[] = [];
  await Promise.all(
    sizes.map(async (size, index) => {
      const store = stores[index % stores.length];
      await store?.keep(TENANT, 1, note(size), MONDAY);
      seen.push(Number((await store?.newest(TENANT))?.split('\n')[1]));
    }),
  );
  expect(await fileCheckpointStore(folder).newest(TENANT)).toBe(note(80));
  expect(seen).not.toContain(Number.NaN);
});

test('what a crash has left half written is no checkpoint', async () => {
  const folder = temporaryFolder();
  const store = fileCheckpointStore(folder);
  await store.keep(TENANT, 1, note(5), MONDAY);
  const [kept] = await readdir(join(folder, TENANT));
  await writeFile(join(folder, TENANT, `${kept}.123.tmp`), 'log.exa');
  expect(await store.newest(TENANT)).toBe(note(5));
  expect(await store.all(TENANT)).toHaveLength(1);
});

test('one note that several keep at the same moment is kept', async () => {
  const folder = temporaryFolder();
  const store = fileCheckpointStore(folder);
  await Promise.all(Array.from({ length: 20 }, () => store.keep(TENANT, 1, note(7), MONDAY)));
  expect(await readdir(join(folder, TENANT))).toEqual(['0000000000000007.2026-01-05']);
});

test('a smaller tree of a later epoch is newer, and takes no place of an earlier epoch', async () => {
  const store = fileCheckpointStore(temporaryFolder());
  await store.keep(TENANT, 1, note(1_000), MONDAY);
  for (const size of [7, 8]) await store.keep(TENANT, 2, note(size), MONDAY);
  await store.keep(TENANT, 10, note(3), MONDAY);
  await store.keep(TENANT, 1, note(1_001), TUESDAY);
  expect(await store.newest(TENANT)).toBe(note(3));
  expect(await store.newestOfEach(TENANT)).toEqual([
    { epoch: 1, name: '0000000000001001.2026-01-06', note: note(1_001) },
    { epoch: 2, name: 'epoch-2.0000000000000008.2026-01-05', note: note(8) },
    { epoch: 10, name: 'epoch-10.0000000000000003.2026-01-05', note: note(3) },
  ]);
  expect((await store.all(TENANT)).map((kept) => kept.note)).toEqual(
    [1_000, 1_001, 8, 3].map(note),
  );
});
