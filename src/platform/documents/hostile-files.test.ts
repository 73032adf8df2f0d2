import { describe, expect, test } from 'vitest';
import { readAll } from '../../../test/documents/read-all.ts';
import { MAX_MESSAGE, MAX_PROBLEMS } from './document-problem.ts';

const KB = 1024;

describe('nesting', () => {
  test.each([
    ['brackets', '['.repeat(100_000)],
    ['brackets in a field', `a: ${'['.repeat(100_000)}`],
    ['braces', `a: ${'{a: '.repeat(50_000)}`],
    ['dashes on one line', `a:\n ${'- '.repeat(100_000)}x`],
    ['question marks', '? '.repeat(100_000)],
    ['a JSON list', `[${'{"a":'.repeat(50_000)}`],
    ['indentation', Array.from({ length: 600 }, (_, i) => `${' '.repeat(i)}a:\n`).join('')],
  ])('%s without end are refused', async (_name, text) => {
    const { documents, problems } = await readAll(text);
    expect(documents).toEqual([]);
    expect(problems.map(({ limit }) => limit)).toContain('maxDepth');
  });

  test('32 levels pass and 33 do not', async () => {
    const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    expect((await readAll(nested(32))).problems).toEqual([]);
    const { complaints } = await readAll(nested(33));
    expect(complaints).toEqual([
      '1:161 Values are nested more than 32 levels deep. A record may have 32.',
    ]);
  });

  test('brackets in texts and in comments are none', async () => {
    const { problems } = await readAll(`a: "${'['.repeat(999)}"\nb: x # ${'{'.repeat(999)}\n`);
    expect(problems).toEqual([]);
  });
});

describe('aliases', () => {
  test('a billion laughs end at the number of values', async () => {
    const names = 'abcdefghij';
    const lines = [...names].map((name, i) => {
      const items = Array(9).fill(i === 0 ? 'lol' : `*${names[i - 1]}`);
      return `${name}: &${name} [${items.join(', ')}]\n`;
    });
    const { documents, problems } = await readAll(lines.join(''));
    expect(documents).toEqual([]);
    expect(problems.map(({ limit }) => limit)).toEqual(['maxNodes']);
  });

  test('are few', async () => {
    const { problems } = await readAll(`a: &a 1\nb: [${'*a, '.repeat(101)}]\n`);
    expect(problems.map(({ limit }) => limit)).toEqual(['maxAliases']);
  });
});

describe('sizes', () => {
  test('a record of 256 KB passes, one more byte is told, and the next record is read', async () => {
    const record = (bytes: number) => `- a: ${'x'.repeat(bytes - 6)}\n`;
    const { documents, problems } = await readAll(
      record(256 * KB) + record(256 * KB + 1) + record(9),
    );
    expect(documents.map(({ index }) => index)).toEqual([0, 2]);
    expect(problems[0]).toMatchObject({
      limit: 'maxRecordBytes',
      position: { line: 2, column: 1 },
    });
    expect(problems[0]?.message).toContain('256 KB');
  });

  test('a list in brackets that is not JSON is limited as a whole', async () => {
    const { documents, problems } = await readAll(`[${"{a: 'x'},\n".repeat(30_000)}]`);
    expect(documents).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toMatch(/^Unexpected ' in a JSON list/);
  });

  test('a record inside of a list that is parsed at once is limited like any other', async () => {
    const text = `[{a: ${'x'.repeat(100)}}, {a: 1}]`;
    const { values, problems } = await readAll(text, { maxRecordBytes: 50 });
    expect(values).toEqual([{ a: 1 }]);
    expect(problems.map(({ limit }) => limit)).toEqual(['maxRecordBytes']);
  });

  test('a file beyond its limit is read up to there and no further', async () => {
    const piece = new TextEncoder().encode('- a: 1\n- a: 2\n');
    const { values, problems } = await readAll([piece, piece, piece], { maxFileBytes: 30 });
    expect(values).toEqual([{ a: 1 }, { a: 2 }, { a: 1 }]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ limit: 'maxFileBytes', position: { line: 5, column: 1 } });
    expect(problems[0]?.message).toContain('30 bytes');
  });

  test('records and problems are counted', async () => {
    const records = await readAll('- a: 1\n'.repeat(5), { maxRecords: 3 });
    expect(records.values).toHaveLength(3);
    expect(records.complaints).toEqual([
      '4:1 The file holds more than 3 records. Split it; nothing from here on was read.',
    ]);
    const problems = await readAll('- x\n'.repeat(5), { maxProblems: 3 });
    expect(problems.problems).toHaveLength(4);
    expect(problems.problems[3]?.limit).toBe('maxProblems');
  });

  test('values of one record are counted', async () => {
    const { problems } = await readAll(`a: [${'1,'.repeat(10_001)}]`);
    expect(problems.map(({ limit }) => limit)).toEqual(['maxNodes']);
  });
});

describe('much that is wrong at once', () => {
  test.each([
    ['brackets', `a: 1\n${']'.repeat(200 * KB)}`],
    ['commas', `a: [${','.repeat(20 * KB)}`],
    ['fields', 'a: 1\n'.repeat(20 * KB)],
    ['tags', 'a: !x y\n'.repeat(5 * KB)],
    ['control characters', 'a: \u0007\n'.repeat(5 * KB)],
  ])('%s give a list of problems that can be shown', async (_name, text) => {
    const { documents, problems } = await readAll(text);
    expect(documents).toEqual([]);
    expect(problems.length).toBeLessThanOrEqual(MAX_PROBLEMS + 1);
    expect(problems.length).toBeGreaterThan(0);
  });

  test('a message quotes only so much', async () => {
    const { problems } = await readAll(`a: !${'x'.repeat(100 * KB)} 1\n`);
    expect(problems[0]?.message.length).toBeLessThanOrEqual(MAX_MESSAGE + 1);
  });
});
