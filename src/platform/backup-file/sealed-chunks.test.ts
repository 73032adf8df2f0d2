import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BackupFileError } from './backup-file-error.ts';
import { FORMAT_VERSION, HEADER_BYTES, newHeader } from './backup-header.ts';
import { CHUNK_BYTES, openSealed, SealedChunks, TAG_BYTES } from './sealed-chunks.ts';

const PASSPHRASE = 'six words nobody would ever guess';
/** Cheap keys: these tests try thousands. */
const LOG2N = 2;
const SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES;

async function seal(plain: Uint8Array, log2N = LOG2N): Promise<Buffer> {
  const sealed = new SealedChunks(await newHeader(PASSPHRASE, log2N));
  return buffer(Readable.from([plain]).pipe(sealed));
}

async function open(file: Uint8Array, passphrase = PASSPHRASE): Promise<Buffer> {
  return buffer(Readable.from(await openSealed(Readable.from([file]), async () => passphrase)));
}

async function problemOf(file: Uint8Array, passphrase?: string): Promise<string> {
  try {
    await open(file, passphrase);
    return 'none';
  } catch (error) {
    if (error instanceof BackupFileError) return error.problem;
    throw error;
  }
}

function flipped(file: Buffer, at: number, bit = 0): Buffer {
  const copy = Buffer.from(file);
  copy[at] = (copy[at] ?? 0) ^ (1 << bit);
  return copy;
}

test.each([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 200_001])(
  'given %i bytes, what was sealed opens as it was, with one tag for each chunk',
  async (length) => {
    const plain = randomBytes(length);
    const file = await seal(plain);
    const chunks = Math.max(1, Math.ceil(length / CHUNK_BYTES));
    expect(file.length).toBe(HEADER_BYTES + length + chunks * TAG_BYTES);
    expect((await open(file)).equals(plain)).toBe(true);
  },
);

test('however the bytes arrive, and however they are read, the same comes out', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 70_000 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 70_000 }),
      async (parts, cut) => {
        const sealed = new SealedChunks(await newHeader(PASSPHRASE, LOG2N));
        const file = await buffer(Readable.from(parts).pipe(sealed));
        const pieces = Array.from({ length: Math.ceil(file.length / cut) }, (_, n) =>
          file.subarray(n * cut, (n + 1) * cut),
        );
        const plain = await openSealed(Readable.from(pieces), async () => PASSPHRASE);
        expect((await buffer(Readable.from(plain))).equals(Buffer.concat(parts))).toBe(true);
      },
    ),
    { numRuns: 40 },
  );
});

test('any bit of the header that is altered is refused', async () => {
  const file = await seal(Buffer.from('content'));
  for (let at = 0; at < HEADER_BYTES; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      // More work than a file may ask for is refused before it is done.
      expect(await problemOf(flipped(file, at, bit)), `byte ${at}, bit ${bit}`).not.toBe('none');
    }
  }
});

test('any byte of the content that is altered is refused, and its place is told', async () => {
  const file = await seal(randomBytes(2 * CHUNK_BYTES + 300));
  const places = [HEADER_BYTES, HEADER_BYTES + SEALED_CHUNK, file.length - 1];
  for (let n = 0; n < 300; n += 1)
    places.push(HEADER_BYTES + Math.floor((n * (file.length - HEADER_BYTES)) / 300));
  for (const at of places)
    expect(await problemOf(flipped(file, at, at % 8)), `${at}`).toBe('altered');
  await expect(open(flipped(file, HEADER_BYTES + SEALED_CHUNK + 5))).rejects.toThrow(
    `altered between its bytes ${HEADER_BYTES + SEALED_CHUNK} and ${HEADER_BYTES + 2 * SEALED_CHUNK}`,
  );
});

test('cut off anywhere, at the ends of chunks too, it is refused', async () => {
  const file = await seal(randomBytes(2 * CHUNK_BYTES + 40));
  const ends = [1, 2].map((n) => HEADER_BYTES + n * SEALED_CHUNK);
  for (const end of [...ends, HEADER_BYTES, HEADER_BYTES - 1, 17, 1])
    expect(await problemOf(file.subarray(0, end)), `${end}`).toBe('cut-off');
  for (let end = HEADER_BYTES + 1; end < file.length; end += 977)
    expect(await problemOf(file.subarray(0, end)), `${end}`).toMatch(/^(cut-off|altered)$/);
  for (let end = file.length - 60; end < file.length; end += 1)
    expect(await problemOf(file.subarray(0, end)), `${end}`).toMatch(/^(cut-off|altered)$/);
});

test('chunks that are moved, repeated, left out, or from another file are refused', async () => {
  const file = await seal(randomBytes(3 * CHUNK_BYTES + 9));
  const other = await seal(randomBytes(3 * CHUNK_BYTES + 9));
  const header = file.subarray(0, HEADER_BYTES);
  const chunk = (of: Buffer, n: number) =>
    of.subarray(HEADER_BYTES + n * SEALED_CHUNK, HEADER_BYTES + (n + 1) * SEALED_CHUNK);
  const built = (...chunks: Buffer[]) => problemOf(Buffer.concat([header, ...chunks]));
  const [a, b, c, d] = [0, 1, 2, 3].map((n) => chunk(file, n)) as [Buffer, Buffer, Buffer, Buffer];
  expect(await built(a, b, c, d)).toBe('none');
  expect(await built(b, a, c, d)).toBe('altered');
  expect(await built(a, a, b, c, d)).toBe('altered');
  expect(await built(a, c, d)).toBe('altered');
  expect(await built(a, b, c)).toBe('cut-off');
  expect(await built(a, b, c, d, d)).toBe('altered');
  expect(await built(a, b, c, d, Buffer.of(0))).toBe('altered');
  expect(await built(chunk(other, 0), b, c, d)).toBe('altered');
  // A last chunk that is full: what follows it was added.
  const full = await seal(randomBytes(CHUNK_BYTES));
  await expect(open(Buffer.concat([full, randomBytes(40)]))).rejects.toThrow('was added to it');
});

test.each([
  ['an empty file', Buffer.alloc(0), 'not-a-backup'],
  ['a text', Buffer.from('exception_id: EXC_1\ntitle: no backup\n'), 'not-a-backup'],
  ['a few bytes', Buffer.from('LAP?'), 'not-a-backup'],
  ['a beginning', Buffer.from('LAPSE BACK'), 'cut-off'],
])('%s is no backup, and no passphrase is asked for', async (_, file, problem) => {
  const opening = openSealed(Readable.from([file]), () => {
    throw new Error('asked');
  });
  await expect(opening).rejects.toMatchObject({ name: 'BackupFileError', problem });
});

test('a file whose line ends were changed on the way is no backup', async () => {
  const file = await seal(Buffer.from('content'));
  const changed = Buffer.from(file.toString('latin1').replace('\r\n', '\n'), 'latin1');
  expect(await problemOf(changed)).toBe('not-a-backup');
});

test('a newer format is named, with the one that is read', async () => {
  const file = await seal(Buffer.from('content'));
  file.writeUInt16BE(FORMAT_VERSION + 1, 16);
  await expect(open(file)).rejects.toThrow(/in format 2, and this release reads formats up to 1/);
});

test('another passphrase is told from an altered file; the same in another composition is the same', async () => {
  expect(await problemOf(await seal(Buffer.from('content')), `${PASSPHRASE}.`)).toBe(
    'wrong-passphrase',
  );
  const sealed = new SealedChunks(await newHeader('zw\u00f6lf gro\u00dfe B\u00e4ume', LOG2N));
  const file = await buffer(Readable.from([Buffer.from('content')]).pipe(sealed));
  expect(await problemOf(file, 'zwo\u0308lf gro\u00dfe Ba\u0308ume')).toBe('none');
});

test('a key costs what the header says that it costs: 128 MB of memory for each guess', async () => {
  const { bytes } = await newHeader(PASSPHRASE);
  const [log2N = 0, r = 0, p] = bytes.subarray(18);
  expect({ memory: 128 * 2 ** log2N * r, p }).toEqual({ memory: 128 * 1024 ** 2, p: 1 });
});
