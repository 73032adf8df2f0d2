import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { replaceFile } from './replaced-file.ts';

const never = new AbortController().signal;
const bytes = (text: string) => [Buffer.from(text)];

test('what is written stands in its place, for its owner alone, and nothing beside it', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'file');
  writeFileSync(path, 'before', { mode: 0o644 });
  expect(await replaceFile(path, bytes('after'), never)).toEqual({ path, bytes: 5 });
  expect(readFileSync(path, 'utf8')).toBe('after');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['file']);
});

test('where the content fails, what stood there stays as it was', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'file');
  writeFileSync(path, 'before');
  const failing = async function* () {
    yield Buffer.alloc(100_000);
    throw new Error('the source broke');
  };
  await expect(replaceFile(path, failing(), never)).rejects.toThrow('the source broke');
  expect(readFileSync(path, 'utf8')).toBe('before');
  expect(readdirSync(folder)).toEqual(['file']);
});

test('stopped in the middle, it leaves nothing behind and ends the source', async () => {
  const folder = temporaryFolder();
  const abort = new AbortController();
  let ended = false;
  const endless = async function* () {
    try {
      for (let n = 0; ; n += 1) {
        if (n === 20) abort.abort();
        yield Buffer.alloc(100_000);
      }
    } finally {
      ended = true;
    }
  };
  const writing = replaceFile(join(folder, 'file'), endless(), abort.signal);
  await expect(writing).rejects.toMatchObject({ name: 'AbortError' });
  expect(ended).toBe(true);
  expect(readdirSync(folder)).toEqual([]);
});

test('a name that points elsewhere becomes the file itself', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'elsewhere'), 'kept');
  symlinkSync('elsewhere', join(folder, 'file'));
  await replaceFile(join(folder, 'file'), bytes('new'), never);
  expect(readFileSync(join(folder, 'elsewhere'), 'utf8')).toBe('kept');
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('new');
});
