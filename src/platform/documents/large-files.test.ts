import { describe, expect, test } from 'vitest';
import { readAll } from '../../../test/documents/read-all.ts';
import { readDocuments } from './read-documents.ts';

const MB = 1024 * 1024;
const PIECE = 64 * 1024;

/** A file made as it is read, so that what the reader holds is told by how far ahead it read. */
class LargeFile {
  pulled = 0;
  readonly #parts: Iterable<string>;

  constructor(parts: Iterable<string>) {
    this.#parts = parts;
  }

  async *read(): AsyncGenerator<Uint8Array> {
    for (const part of this.#parts) {
      const bytes = new TextEncoder().encode(part);
      for (let from = 0; from < bytes.length; from += PIECE) {
        const piece = bytes.subarray(from, from + PIECE);
        this.pulled += piece.length;
        yield piece;
      }
    }
  }
}

function* repeat(first: string, part: (i: number) => string, count: number, last: string) {
  yield first;
  for (let i = 0; i < count; i += 1) yield part(i);
  yield last;
}

const text = 'Replace the temporary keys, then add consumer tests.';
const block = `${`    ${text}\n`.repeat(3_600)}`;
const long = `${text} `.repeat(3_700);

describe('a file of 50 MB', { timeout: 60_000 }, () => {
  test.each([
    ['a block list', '', (i: number) => `- n: ${i}\n  t: |\n${block}`, '', 0],
    ['documents', '', (i: number) => `---\nn: ${i}\nt: |\n${block}`, '', 0],
    ['a JSON list on one line', '[', (i: number) => `{"n":${i},"t":"${long}"},`, '{"n":-1}]', 1],
  ])('%s is read a record at a time', async (_name, first, part, last, extra) => {
    const size = Buffer.byteLength(part(100));
    const count = Math.floor((50 * MB - 1000) / size);
    const file = new LargeFile(repeat(first, part, count, last));
    let read = 0;
    let ahead = 0;
    for await (const result of readDocuments(file.read())) {
      if ('problem' in result) throw new Error(result.problem.message);
      ahead = Math.max(ahead, file.pulled - read * size);
      read += 1;
    }
    expect(read).toBe(count + extra);
    expect(file.pulled).toBeGreaterThan(49 * MB);
    // One record, the piece that ends it, and the document that showed that it must be cut up.
    expect(ahead).toBeLessThan(size + 2 * PIECE + 512 * 1024);
  });

  test('one line of 50 MB is never held', async () => {
    const file = new LargeFile(repeat('a: ', () => 'x'.repeat(PIECE), 790, '\n---\nb: 1\n'));
    const values: unknown[] = [];
    const limits: unknown[] = [];
    for await (const result of readDocuments(file.read())) {
      if ('problem' in result) limits.push(result.problem.limit);
      else values.push(result.document.value);
    }
    expect(limits).toEqual(['maxRecordBytes']);
    expect(values).toEqual([{ b: 1 }]);
  });
});

describe('a JSON list that must be cut up', () => {
  const cut = { maxDocumentBytes: 10 };

  test('has the same values and places as one that is parsed at once', async () => {
    const list =
      ' [ {"a": "],{\\"", "b": [1, {}]}, {"a": 2},\n\t{\n"é": [[]] } , ]\n# end\n---\nz: 1\n';
    const json = list.replace('# end\n', '');
    const whole = await readAll(json);
    const parts = await readAll(json, cut);
    expect(parts.problems).toEqual([]);
    expect(parts.values).toEqual(whole.values);
    const places = (all: typeof whole) =>
      all.documents.map(({ positionOf }) =>
        [[], ['a'], ['b'], ['b', 1], ['é'], ['é', 0]].map((path) => positionOf(path)),
      );
    expect(places(parts)).toEqual(places(whole));
  });

  test.each([
    ['[{"a": 1},, {"a": 2}]', '1:11 Unexpected , in a JSON list.'],
    ['[{"a": 1}] {"a": 2}', '1:12 Text after the end of the list.'],
    ['[{"a": 1},\n {"a": 2}', '2:10 The list is not closed: ] is missing.'],
    ['[{"a": 1}, {\'a\': 2}]', "1:13 Unexpected ' in a JSON list."],
  ])('%s', async (json, complaint) => {
    const { values, complaints } = await readAll(json, cut);
    expect(values).toEqual([{ a: 1 }]);
    expect(complaints).toEqual([
      `${complaint} A list in brackets this large is read as JSON; the rest of it was not read.`,
    ]);
  });

  test('a fault refuses the record that it is in', async () => {
    const { values, complaints } = await readAll('[{"a": 1}, {"a": "\0"}, {"a": 3}]', cut);
    expect(values).toEqual([{ a: 1 }, { a: 3 }]);
    expect(complaints).toEqual([
      '1:19 The control character U+0000 may not stand in a file. Remove it.',
    ]);
  });

  test('a record that is too large is told and passed over', async () => {
    const json = `[{"a": 1}, {"a": "${'x'.repeat(100)}"}, {"a": 3}]`;
    const { values, problems } = await readAll(json, { ...cut, maxRecordBytes: 50 });
    expect(values).toEqual([{ a: 1 }, { a: 3 }]);
    expect(problems.map(({ limit }) => limit)).toEqual(['maxRecordBytes']);
  });
});
