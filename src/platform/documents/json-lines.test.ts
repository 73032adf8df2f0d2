import { describe, expect, it } from 'vitest';
import { readAll } from '../../../test/documents/read-all.ts';

const lines = (...texts: string[]) => texts.join('\n');

describe('one JSON object a line', () => {
  it('is a record each, with its place', async () => {
    const { values, documents } = await readAll(
      '{"title":"a"}\n{"title":"b","x":[{}]}\r\n\n{"title":"c"}',
    );
    expect(values).toEqual([{ title: 'a' }, { title: 'b', x: [{}] }, { title: 'c' }]);
    expect(documents.map(({ positionOf }) => positionOf(['title']))).toEqual([
      { line: 1, column: 10 },
      { line: 2, column: 10 },
      { line: 4, column: 10 },
    ]);
  });

  it('may have lines of any length that a record has', async () => {
    const long = JSON.stringify({ title: 'a', text: 'x'.repeat(100_000) });
    const { values, complaints } = await readAll(lines(long, long, long));
    expect([values.length, complaints]).toEqual([3, []]);
  });

  it('tells a broken line from its neighbours', async () => {
    const { values, complaints } = await readAll(
      lines('{"title":"a"}', '{"title":"b"}', '{"title" "c"', '{"title":"d"}', 'e', '[1]'),
    );
    expect(values).toEqual([{ title: 'a' }, { title: 'b' }, { title: 'd' }]);
    expect(complaints.map((text) => text.split(':', 1)[0])).toEqual(
      expect.arrayContaining(['3', '5', '6']),
    );
  });

  it('holds no more than a record that is too long', async () => {
    const huge = JSON.stringify({ title: 'x'.repeat(300_000) });
    const { values, complaints } = await readAll(lines('{"title":"a"}', huge, '{"title":"b"}'));
    expect(values).toEqual([{ title: 'a' }, { title: 'b' }]);
    expect(complaints).toEqual([expect.stringContaining('2:1 This record is larger')]);
  });

  it.each([
    ['a mapping in braces over several lines', '{\n"title": "a",\n"x":\n{"y": 1}\n}'],
    ['a mapping whose first line is one inside', '{ "x": [\n{"y": 1},\n{"y": 2}\n] }'],
  ])('is not seen in %s', async (_, text) => {
    const { values, complaints } = await readAll(text);
    expect([values.length, complaints]).toEqual([1, []]);
  });

  it('ends with the document', async () => {
    const { values } = await readAll(lines('{"title":"a"}', '{"title":"b"}', '---', 'title: c'));
    expect(values).toEqual([{ title: 'a' }, { title: 'b' }, { title: 'c' }]);
  });
});
