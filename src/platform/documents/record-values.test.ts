import { describe, expect, test } from 'vitest';
import { readAll } from '../../../test/documents/read-all.ts';

describe('values', () => {
  test('are those of the core schema of YAML 1.2', async () => {
    const { values } = await readAll(
      'no: no\nyes: yes\nday: 2025-09-25\ntime: 2025-09-25T00:00:00Z\nf: 1.5\nhex: 0x1F\nold: 0777\nnil: ~\nt: true\nsix: 12:30:45\nq: "007"\nstr: !!str 12\n',
    );
    expect(values).toEqual([
      {
        no: 'no',
        yes: 'yes',
        day: '2025-09-25',
        time: '2025-09-25T00:00:00Z',
        f: 1.5,
        hex: 31,
        old: 777,
        nil: null,
        t: true,
        six: '12:30:45',
        q: '007',
        str: '12',
      },
    ]);
  });

  test('numbers that JSON cannot hold exactly are refused', async () => {
    const { documents, complaints } = await readAll(
      'a: 9007199254740991\nb: 9007199254740992\nc: .inf\nd: -.INF\ne: .nan\nf: 1e400\ng: 1e20\n',
    );
    expect(documents).toEqual([]);
    expect(complaints).toEqual([
      '2:4 9007199254740992 is too large for an exact number. Quote it: "9007199254740992". Numbers go up to 9007199254740991.',
      '3:4 .inf is not a number that a record can hold. Quote it if it is text.',
      '4:4 -.INF is not a number that a record can hold. Quote it if it is text.',
      '5:4 .nan is not a number that a record can hold. Quote it if it is text.',
      '6:4 1e400 is not a number that a record can hold. Quote it if it is text.',
    ]);
  });

  test('escapes make whole characters and no control characters', async () => {
    const sound = await readAll('a: "\\uD83D\\uDE00 \\t\\r\\n"\n');
    expect(sound.values).toEqual([{ a: '😀 \t\r\n' }]);
    const { complaints } = await readAll('a: "\\uD800"\nb:\n  - "x\\0"\n"\\e[1m": 1\n');
    expect(complaints).toEqual([
      '1:4 This text has an escape for half of a character (U+D800); write both halves or the character itself.',
      '3:5 This text has an escape for the control character U+0000; remove it.',
      '4:1 This text has an escape for the control character U+001B; remove it.',
    ]);
  });

  test.each([
    '!foo 1',
    '!!js/function "x"',
    '!!binary aGk=',
    '!!timestamp 2025-09-25',
    '!!set {a}',
  ])('the tag in %s is refused', async (value) => {
    const { documents, complaints } = await readAll(`- ok: 1\n- a: ${value}\n`);
    expect(documents).toHaveLength(1);
    const tag = value.split(' ')[0];
    expect(complaints).toEqual([
      `2:6 The tag ${tag} is not accepted here. Remove it: a record holds plain values only.`,
    ]);
  });

  test('in a list that is parsed at once, a tag refuses its own record only', async () => {
    const { values, complaints } = await readAll('[{a: 1}, !foo {a: 2}, {a: 3}, {a: !foo 4}]');
    expect(values).toEqual([{ a: 1 }, { a: 3 }]);
    expect(complaints.map((text) => text.split(' ')[0])).toEqual(['1:10', '1:35']);
  });
});

describe('field names', () => {
  test('the same one twice is told at the second, with both lines', async () => {
    const { documents, complaints } = await readAll(
      'title: a\ntelemetry:\n  alerts: [x]\n  alerts: [y]\nrisk: 1\n"title": b\n',
    );
    expect(documents).toEqual([]);
    expect(complaints).toEqual([
      '4:3 The field alerts is given twice, on lines 3 and 4. Keep one.',
      '6:1 The field title is given twice, on lines 1 and 6. Keep one.',
    ]);
  });

  test.each([
    ['<<: {a: 1}', '1:1 Merge keys (<<) are not accepted. Write the fields out.'],
    ['__proto__: {a: 1}', '1:1 The field name __proto__ is reserved. Rename the field.'],
    ['a: {"constructor": 1}', '1:5 The field name constructor is reserved. Rename the field.'],
    ['12: x', '1:1 The field name 12 is not text. Quote it: "12".'],
    ['true: x', '1:1 The field name true is not text. Quote it: "true".'],
    [': x', '1:1 A field name is missing before the colon.'],
    ['? [a]\n: x', '1:3 A field name must be text, not a list, mapping or alias.'],
    ['a: &k b\n*k : x', '2:1 A field name must be text, not a list, mapping or alias.'],
  ])('%s', async (text, complaint) => {
    const { documents, complaints } = await readAll(text);
    expect(documents).toEqual([]);
    expect(complaints).toEqual([complaint]);
  });

  test('names of object methods are plain fields', async () => {
    const { values } = await readAll('toString: 1\nhasOwnProperty: 2\n"<<": 3\n');
    expect(values).toEqual([{ toString: 1, hasOwnProperty: 2, '<<': 3 }]);
    expect(Object.getPrototypeOf(values[0])).toBe(Object.prototype);
  });
});

describe('aliases', () => {
  test('mean what they meant where they were written, as copies', async () => {
    const { documents } = await readAll('a: &x [1]\nb: &y {in: *x}\nc: &x [2]\nd: *y\ne: *x\n');
    const value = documents[0]?.value as Record<string, unknown>;
    expect(value).toEqual({ a: [1], b: { in: [1] }, c: [2], d: { in: [1] }, e: [2] });
    expect(value.e).not.toBe(value.c);
    expect(documents[0]?.positionOf(['d', 'in', 0])).toEqual({ line: 4, column: 4 });
  });

  test('reach neither back into another record nor into themselves', async () => {
    const list = await readAll('- a: &x 1\n- a: *x\n');
    expect(list.complaints).toEqual(['2:6 The alias *x has no anchor before it in this record.']);
    const flow = await readAll('[{a: &x 1}, {a: *x}]');
    expect(flow.complaints).toEqual(['1:17 The alias *x has no anchor before it in this record.']);
    const self = await readAll('a: &x [1, *x]\n');
    expect(self.complaints).toEqual(['1:11 The alias *x stands inside of what it refers to.']);
  });
});

describe('doubled braces', () => {
  test('are read as single ones wherever a mapping may stand, places kept', async () => {
    const { documents } = await readAll('- {{ a: 1,\n     b: {{ c: [x] }} }}\n- {{}}\n');
    expect(documents.map(({ value }) => value)).toEqual([{ a: 1, b: { c: ['x'] } }, {}]);
    expect(documents[0]?.positionOf(['b', 'c', 0])).toEqual({ line: 2, column: 16 });
    expect(documents[0]?.warnings.map(({ position }) => position)).toEqual([
      { line: 1, column: 3 },
      { line: 2, column: 9 },
    ]);
  });

  test('are left alone in text', async () => {
    const { values } = await readAll('a: "{{ x }}"\nb: |\n  {{ y: 1 }}\nc: x {{ z }}\n');
    expect(values).toEqual([{ a: '{{ x }}', b: '{{ y: 1 }}\n', c: 'x {{ z }}' }]);
  });

  test('are refused in any other shape', async () => {
    const placeholder = await readAll('a: {{ name }}\n');
    expect(placeholder.complaints).toEqual([
      "1:4 This looks like a template's placeholder {{ name }} that was not filled in. Put the value here.",
    ]);
    for (const text of ['a: {{x: 1}, y: 2}', 'a: {{x: 1}: 2}', 'a: {{{x: 1}}}', 'a: {[x]}']) {
      const { complaints } = await readAll(text);
      expect(complaints).toHaveLength(1);
      expect(complaints[0]).toMatch(/^1:[4-6] A field name must be text/);
    }
  });
});
