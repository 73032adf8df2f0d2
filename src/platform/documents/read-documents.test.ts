import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readAll, sortResults } from '../../../test/documents/read-all.ts';
import { readDocumentsFromText } from './read-documents.ts';

const FIXTURES = new URL('../../../test/documents/', import.meta.url);
const fixture = (name: string) => readFile(new URL(name, FIXTURES));

describe('the template of the register', () => {
  test('is kept byte for byte: no formatter has been over its braces', async () => {
    const digest = createHash('sha256').update(await fixture('register-template.yaml'));
    expect(digest.digest('hex')).toBe(
      'ad836b388390d90768c533f2ea42d46a11e1896cea8c39101bc6e1a51679ad9a',
    );
  });

  test('is read as it stands, with a warning for each pair of doubled braces', async () => {
    const { documents, problems } = await readAll(await fixture('register-template.yaml'));
    expect(problems).toEqual([]);
    expect(documents).toHaveLength(1);
    expect(documents[0]?.value).toMatchObject({
      exception_id: 'EXC_01J6M9M5Y0Q2H6W2QF9Q1V',
      requestor: { name: 'A. Rivera', email: 'arivera@example.com', team: 'Integrations' },
      risk_score: 6,
      approvals: [
        { role: 'API-Owner', name: 'J. Chen', decision: 'approve', date: '2025-09-25' },
        { role: 'Security (CISO)', name: 'L. Okoye', decision: 'approve', date: '2025-09-25' },
      ],
      effective_from: '2025-09-25T00:00:00Z',
      status: 'Approved',
    });
    const message = 'Doubled braces read as single ones.';
    expect(documents[0]?.warnings).toEqual([
      { message, position: { line: 6, column: 12 } },
      { message, position: { line: 23, column: 5 } },
      { message, position: { line: 24, column: 5 } },
    ]);
  });

  test('has an exact place for every value', async () => {
    const { documents } = await readAll(await fixture('register-template.yaml'));
    const at = (...path: (string | number)[]) => documents[0]?.positionOf(path);
    expect(at()).toEqual({ line: 1, column: 1 });
    expect(at('requestor')).toEqual({ line: 6, column: 12 });
    expect(at('requestor', 'email')).toEqual({ line: 6, column: 41 });
    expect(at('compensating_controls', 1)).toEqual({ line: 17, column: 5 });
    expect(at('telemetry')).toEqual({ line: 20, column: 3 });
    expect(at('telemetry', 'alerts', 1)).toEqual({ line: 21, column: 33 });
    expect(at('approvals', 1, 'decision')).toEqual({ line: 24, column: 61 });
    expect(at('remediation_plan')).toEqual({ line: 27, column: 19 });
  });
});

describe('how records are parted', () => {
  test('documents, lists, comments, directives and texts that look like any of them', async () => {
    const { documents, problems } = await readAll(await fixture('several-documents.yaml'));
    expect(problems).toEqual([]);
    expect(documents.map(({ index, value }) => [index, value])).toEqual([
      [0, { title: 'First' }],
      [
        1,
        {
          title: 'Second',
          remediation_plan: '- title: text, not a record\n --- neither is this\n',
        },
      ],
      [2, { title: 'Third', notes: 'quoted - title: still text ' }],
      [3, { title: 'Fourth' }],
    ]);
    expect(documents.map(({ positionOf }) => positionOf(['title']))).toEqual([
      { line: 4, column: 10 },
      { line: 5, column: 10 },
      { line: 10, column: 8 },
      { line: 17, column: 13 },
    ]);
  });

  test.each([
    ['at the start of the line', '- a: 1\n  b: [x,\n   y]\n\n# c\n- a: 2\n', [1, 6]],
    ['indented', '  - a: 1\n    b: |\n      - a: 9\n  # c\n  - a: 2\n', [1, 5]],
    ['with tabs after the dash', '-\t{a: 1}\n-\t{a: 2}\n', [1, 2]],
    ['with the record on the next line', '-\n  a: 1\n-\n  a: 2\n', [2, 4]],
    ['with CR LF', '- a: 1\r\n  b: >\r\n    x\r\n- a: 2\r\n', [1, 4]],
    ['without a line end at the end', '- a: 1\n- a: 2', [1, 2]],
    ['in brackets', '[{a: 1},\n {a: 2}]', [1, 2]],
    ['behind a tag', '--- !!seq\n- a: 1\n- a: 2\n', [2, 3]],
  ])('a list %s', async (_name, text, lines) => {
    const { documents, problems } = await readAll(text);
    expect(problems).toEqual([]);
    expect(documents.map(({ value }) => (value as { a: number }).a)).toEqual([1, 2]);
    expect(documents.map(({ positionOf }) => positionOf(['a']).line)).toEqual(lines);
  });

  test('JSON is YAML, with tabs and escapes', async () => {
    const { documents, problems } = await readAll(await fixture('list.json'));
    expect(problems).toEqual([]);
    expect(documents.map(({ value }) => value)).toEqual([
      { title: 'Tabs as JSON tools write them', owners: ['a', 'b'] },
      { title: 'A / slash and é', risk_score: 6.5, open: true, ends: null },
    ]);
    expect(documents[0]?.positionOf(['owners', 1])).toEqual({ line: 4, column: 19 });
    expect(documents[1]?.positionOf(['risk_score'])).toEqual({ line: 6, column: 52 });
  });

  test('text that is in memory is read alike', async () => {
    const { values } = await sortResults(readDocumentsFromText('\uFEFF- a: 1\n- a: é\n'));
    expect(values).toEqual([{ a: 1 }, { a: 'é' }]);
    const { complaints } = await sortResults(readDocumentsFromText('a: x\ud800'));
    expect(complaints).toEqual(['1:5 Half of a character (U+D800). Write it whole.']);
  });
});

describe('places', () => {
  test('an empty value is where its key is, an absent one where the nearest above is', async () => {
    const { documents } = await readAll('- a: {b: 1}\n  empty:\n  list:\n    - x\n');
    const at = (...path: (string | number)[]) => documents[0]?.positionOf(path);
    expect(at('empty')).toEqual({ line: 2, column: 3 });
    expect(at('a', 'c', 'd')).toEqual({ line: 1, column: 6 });
    expect(at('list', 7)).toEqual({ line: 4, column: 5 });
    expect(at('absent')).toEqual({ line: 1, column: 3 });
  });
});

describe('what is no record', () => {
  test.each(['', '\n\n', '# only\n# comments', '---\n---\n', '[]', '   ', '--- '])(
    'a file with nothing in it: %j',
    async (text) => {
      const { documents, problems } = await readAll(text);
      expect(documents).toEqual([]);
      expect(problems).toHaveLength(1);
      expect(problems[0]?.message).toMatch(/^There is no record in this file.*"title: …"/);
      expect(problems[0]?.position).toEqual({ line: 1, column: 1 });
    },
  );

  test('values and lists where a record should be', async () => {
    const { values, complaints } = await readAll('- a: 1\n- - b: 1\n- text\n-\n---\njust text\n');
    expect(values).toEqual([{ a: 1 }]);
    const words = 'A record is a mapping of fields, such as "title: …" and "category: …"; this is';
    expect(complaints).toEqual([
      `2:3 ${words} a list.`,
      `3:3 ${words} one value.`,
      `4:2 ${words} empty.`,
      `6:1 ${words} one value.`,
    ]);
  });
});

describe('broken syntax', () => {
  test('all of it is told, and records after it are read', async () => {
    const { documents, complaints } = await readAll(await fixture('broken-records.yaml'));
    expect(documents.map(({ index }) => index)).toEqual([1, 3]);
    expect(complaints).toEqual([
      '4:1 Flow sequence in block collection must be sufficiently indented and end with a ].',
      '7:13 Nested mappings are not allowed in compact mappings.',
      '8:19 Unexpected scalar at node end.',
    ]);
  });

  test('a quote that is not closed is told where it opens', async () => {
    const { complaints } = await readAll('a: 1\nb: "x\n  y\n');
    expect(complaints).toEqual(['2:4 The quote " is not closed.']);
  });

  test('directives: only %YAML 1.2, and a line of --- after it', async () => {
    const { values, complaints } = await readAll('%YAML 1.1\n---\na: yes\n---\nb: yes\n');
    expect(values).toEqual([{ b: 'yes' }]);
    expect(complaints).toEqual([
      '1:1 The directive %YAML 1.1 is not supported: files are read as YAML 1.2. This document was not read; remove the line.',
    ]);
    const missing = await readAll('%YAML 1.2\na: 1\n');
    expect(missing.complaints).toEqual([
      '1:1 A line of "---" is missing between this directive and the document.',
    ]);
  });

  test('text behind the end of a document', async () => {
    const { values, complaints } = await readAll('a: 1\n... b: 2\nc: 3\n');
    expect(values).toEqual([{ a: 1 }, { c: 3 }]);
    expect(complaints).toEqual(['2:4 Text after "..." on the same line.']);
  });
});
