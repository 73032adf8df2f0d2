import { describe, expect, it } from 'vitest';
import { readDocuments } from './read-documents.ts';

async function* cut(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string, form: 'documents' | 'lines' = 'documents', size = 3) {
  const values: unknown[] = [];
  const problems: string[] = [];
  for await (const result of readDocuments(cut(text, size), {}, form)) {
    if ('document' in result) values.push(result.document.value);
    else {
      const { line, column } = result.problem.position;
      problems.push(`${line}:${column} ${result.problem.message}`);
    }
  }
  return { values, problems };
}

describe('a list of records inside of an object', () => {
  it.each([
    ['{"items":[{"title":"a"},{"title":"b"}],"next_cursor":null,"total":2}'],
    [
      '{"exported_at":"2026","tenant_org":"T","items":[\n{"title":"a"},\n{"title":"b"}\n],"total":2}\n',
    ],
    ['{"$schema":"https://x/y","exemptions":[{"title":"a"},{"title":"b"}]}'],
    ['{ "total" : 2 , "items" : [ {"title":"a"} , {"title":"b"} ] }'],
  ])('%s', async (text) => {
    expect(await read(text)).toEqual({ values: [{ title: 'a' }, { title: 'b' }], problems: [] });
  });

  it('may be of any size', async () => {
    const items = Array.from({ length: 20_000 }, (_, n) => `{"title":"record ${n}"}`).join(',');
    const { values, problems } = await read(`{"items":[${items}]}`, 'documents', 65_536);
    expect([values.length, problems]).toEqual([20_000, []]);
  });

  it('is none of a record that has other fields beside it', async () => {
    const text = '{"title":"A","items":[{"title":"b"}]}';
    expect((await read(text)).values).toEqual([JSON.parse(text)]);
  });

  it.each([
    ['cut off after a record', '{"items":[{"title":"b"}]', /does not end as it should/],
    ['cut off in the list', '{"items":[{"title":"b"},', /] is missing/],
    ['with something unknown after it', '{"items":[],"owner":"x"}', /does not end as it should/],
    ['with more after its end', '{"items":[]} {"items":[]}', /does not end as it should/],
  ])('%s is told', async (_, text, words) => {
    expect((await read(text)).problems).toContainEqual(expect.stringMatching(words));
  });
});

describe('JSON lines', () => {
  it('are records, with blank lines between them', async () => {
    const text = '{"title":"a"}\r\n\n{"title":"b, \\"c\\""}\n';
    expect(await read(text, 'lines')).toEqual({
      values: [{ title: 'a' }, { title: 'b, "c"' }],
      problems: [],
    });
  });

  it('are wrong each by itself', async () => {
    const { values, problems } = await read('title: a\n{"title":"b"}\n[1]\n{"title":', 'lines');
    expect(values).toEqual([{ title: 'b' }]);
    expect(problems).toEqual([
      expect.stringMatching(/^1:1 This line is no JSON object/),
      expect.stringMatching(/^3:1 This line is no JSON object/),
      expect.stringMatching(/^4:/),
    ]);
  });

  it('none of which is there are told', async () => {
    expect((await read('\n\n', 'lines')).problems).toEqual([
      expect.stringMatching(/^1:1 There is no record/),
    ]);
  });

  it('longer than a record may be are not held', async () => {
    const { problems } = await read(`{"title":"${'x'.repeat(300_000)}"}\n`, 'lines', 65_536);
    expect(problems).toEqual([expect.stringMatching(/^1:1 This record is larger/)]);
  });
});
