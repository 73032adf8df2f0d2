import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runOnSmallDisk } from '../../../../test/support/small-disk.ts';
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts';
import { writeWholeFile } from './write-output.ts';

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

it('a new file is its owner’s alone, and one that is replaced keeps its mode', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'register.csv');
  await writeWholeFile(path, pieces('a', 'b'));
  expect(readFileSync(path, 'utf8')).toBe('ab');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const shared = join(folder, 'shared.csv');
  writeFileSync(shared, 'old', { mode: 0o644 });
  await writeWholeFile(shared, pieces('new'));
  expect([readFileSync(shared, 'utf8'), statSync(shared).mode & 0o777]).toEqual(['new', 0o644]);
  expect(readdirSync(folder)).toEqual(['register.csv', 'shared.csv']);
});

it('what breaks off leaves what stood there, and nothing beside it', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'register.csv');
  writeFileSync(path, 'as it was');
  const broken = (async function* () {
    yield Buffer.from('half');
    throw new Error('the server went away');
  })();
  await expect(writeWholeFile(path, broken)).rejects.toThrow('the server went away');
  expect(readFileSync(path, 'utf8')).toBe('as it was');
  expect(readdirSync(folder)).toEqual(['register.csv']);
});

it('a link is followed, and stays one', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'real'));
  writeFileSync(join(folder, 'real', 'register.csv'), 'old');
  symlinkSync('real/register.csv', join(folder, 'link.csv'));
  await writeWholeFile(join(folder, 'link.csv'), pieces('new'));
  expect(readFileSync(join(folder, 'real', 'register.csv'), 'utf8')).toBe('new');
});

it.each([
  ['a folder that is not there', 'nowhere/register.csv', 'there is no such folder'],
  ['a folder', '.', 'is a folder'],
])('%s is named', async (_, name, words) => {
  await expect(writeWholeFile(join(temporaryFolder(), name), pieces('a'))).rejects.toThrow(words);
});

it('a full disk is named, and leaves what stood there', async () => {
  const folder = temporaryFolder();
  const module = join(import.meta.dirname, 'write-output.ts');
  const printed = await runOnSmallDisk(
    folder,
    64,
    `import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
     import { writeWholeFile } from ${JSON.stringify(module)};
     const path = ${JSON.stringify(join(folder, 'register.csv'))};
     writeFileSync(path, 'as it was');
     async function* pieces() { for (let n = 0; n < 100; n += 1) yield Buffer.alloc(4096, 120); }
     const error = await writeWholeFile(path, pieces()).catch((error) => error);
     console.log(JSON.stringify({
       message: error.message, next: error.next, exitCode: error.exitCode,
       left: readFileSync(path, 'utf8'), files: readdirSync(${JSON.stringify(folder)}),
     }));`,
  );
  expect(JSON.parse(printed)).toEqual({
    message: `${join(folder, 'register.csv')} was not written: the disk is full`,
    next: 'what stood there before is untouched; make room or name another place with --output',
    exitCode: 3,
    left: 'as it was',
    files: ['register.csv'],
  });
});
