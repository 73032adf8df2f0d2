import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { cutAt, readAll } from '../../../test/documents/read-all.ts';
import { DEFAULT_LIMITS } from './limits.ts';

/** What a record may hold as text; the rest is refused, which other tests show. */
const REFUSED = /[[\p{Cc}\p{Cs}\uFEFF\uFFFE\uFFFF]--[\t\n\r]]/v;
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }).filter((text) => !REFUSED.test(text)),
  // Texts that look like what parts records, which a careless splitter would cut at.
  fc
    .array(
      fc.constantFrom('---', '- a: 1', '...', '\n', ' ', '#', '"', "'", '{{', ']', '|', 'x', ': '),
      { maxLength: 12 },
    )
    .map((parts) => parts.join('')),
);
const anyKey = anyText.filter(
  (key) => !['__proto__', 'constructor', 'prototype', '<<'].includes(key) && key.length < 500,
);
const anyNumber = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ min: -1e15, max: 1e15, noNaN: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
);
const { anyRecord } = fc.letrec((tie) => ({
  anyValue: fc.oneof(
    { maxDepth: 4 },
    anyText,
    anyNumber,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('anyValue'), { maxLength: 4 }),
    tie('anyRecord'),
  ),
  anyRecord: fc.dictionary(anyKey, tie('anyValue'), { maxKeys: 5, noNullPrototype: true }),
}));
const anyRecords = fc.array(anyRecord, { minLength: 1, maxLength: 6 });
const anyCuts = fc.array(fc.nat(), { maxLength: 8 });

const FORMS: readonly [string, (records: unknown[]) => string][] = [
  ['a block list', (records) => stringify(records)],
  ['an indented block list', (records) => stringify(records).replaceAll(/^(?=.)/gm, '  ')],
  ['documents', (records) => records.map((record) => `---\n${stringify(record)}`).join('')],
  ['a list in brackets', (records) => stringify(records, { collectionStyle: 'flow' })],
  ['JSON', (records) => JSON.stringify(records)],
  ['JSON with line breaks', (records) => JSON.stringify(records, null, 2)],
  [
    'a list with CR LF',
    (records) =>
      stringify(records, {
        defaultStringType: 'QUOTE_DOUBLE',
        defaultKeyType: 'QUOTE_DOUBLE',
      }).replaceAll('\n', '\r\n'),
  ],
];

function readBack(text: string): unknown {
  return text.startsWith('---') ? parseAllDocuments(text).map((one) => one.toJS()) : parse(text);
}

describe('any records, however they are written and however the bytes arrive', {
  timeout: 60_000,
}, () => {
  test.each(FORMS)('as %s', async (_name, write) => {
    await fc.assert(
      fc.asyncProperty(anyRecords, anyCuts, async (records, cuts) => {
        const text = write(records);
        // The library writes a few texts of blanks so that it does not read them back itself.
        fc.pre(isDeepStrictEqual(readBack(text), records));
        const bytes = new TextEncoder().encode(text);
        const { values, problems } = await readAll(cutAt(bytes, cuts));
        expect(problems).toEqual([]);
        expect(values).toEqual(records);
      }),
      { numRuns: 150 },
    );
  });

  test('as JSON that must be cut up', async () => {
    await fc.assert(
      fc.asyncProperty(anyRecords, anyCuts, async (records, cuts) => {
        const bytes = new TextEncoder().encode(JSON.stringify(records));
        const { values } = await readAll(cutAt(bytes, cuts), { maxDocumentBytes: 5 });
        expect(values).toEqual(records);
      }),
      { numRuns: 150 },
    );
  });
});

describe('any place in any records', { timeout: 60_000 }, () => {
  test.each([DEFAULT_LIMITS.maxDocumentBytes, 5])(
    'is where the value begins in the file (documents up to %d bytes at once)',
    async (maxDocumentBytes) => {
      await fc.assert(
        fc.asyncProperty(anyRecords, fc.constantFrom('', '\t', '   '), async (records, indent) => {
          const text = JSON.stringify(records, null, indent);
          const lines = text.split('\n');
          const { documents } = await readAll(text, { maxDocumentBytes });
          for (const { value, positionOf } of documents) {
            for (const [path, inner] of walk(value, [])) {
              const { line, column } = positionOf(path);
              const json = JSON.stringify(inner, null, indent).split('\n')[0] ?? '';
              expect(lines[line - 1]?.slice(column - 1).startsWith(json)).toBe(true);
            }
          }
        }),
      );
    },
  );
});

function* walk(value: unknown, path: (string | number)[]): Generator<[typeof path, unknown]> {
  yield [path, value];
  if (value === null || typeof value !== 'object') return;
  for (const [key, inner] of Object.entries(value)) {
    yield* walk(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

describe('any bytes at all', { timeout: 60_000 }, () => {
  test('throw nothing, give at least one result, and the same however they arrive', async () => {
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .array(
          fc.constantFrom(
            ...['a: ', '- ', '\n', '---\n', '...\n', '{{', '}}', '[', ']', '"', "'", '|\n', '  '],
            ...['&a ', '*a', '!t ', '%YAML 1.2\n', '# c', ', ', '? ', ': ', '\t', '\r', '\uFEFF'],
          ),
          { maxLength: 20 },
        )
        .map((parts) => new TextEncoder().encode(parts.join(''))),
    );
    await fc.assert(
      fc.asyncProperty(anyBytes, anyCuts, async (bytes, cuts) => {
        const whole = await readAll(bytes);
        expect(whole.values.length + whole.problems.length).toBeGreaterThan(0);
        const parts = await readAll(cutAt(bytes, cuts));
        expect(parts.values).toEqual(whole.values);
        expect(parts.complaints).toEqual(whole.complaints);
      }),
      { numRuns: 1_000 },
    );
  });
});
