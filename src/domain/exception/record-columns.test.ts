import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exceptionAnswer } from '../../features/exceptions/exception-schemas.ts';
import { exceptionFields, SYSTEM_FIELDS } from './fields.ts';
import { guardFormula, unguardFormula } from './formula-guard.ts';
import { readCell, writeCell } from './record-cells.ts';
import { FILE_COLUMNS, RECORD_COLUMNS } from './record-columns.ts';

describe('columns', () => {
  it('are all that is answered of a record, each once', () => {
    const names = RECORD_COLUMNS.map(({ name }) => name);
    expect(names.toSorted()).toEqual(Object.keys(exceptionAnswer.shape).toSorted());
  });

  it('of files are those that an import knows', () => {
    const known = new Set([...Object.keys(exceptionFields.shape), ...SYSTEM_FIELDS]);
    expect(new Set(FILE_COLUMNS.map(({ name }) => name))).toEqual(known);
  });
});

describe('cells', () => {
  it.each([
    ['texts', ['a, b', 'c'], 'a, b\nc'],
    ['texts', ['["a"]'], '["[\\"a\\"]"]'],
    ['texts', ['one\ntwo'], '["one\\ntwo"]'],
    ['texts', [], '[]'],
    ['people', [], '[]'],
    ['plan', {}, '{}'],
    ['person', { name: 'A. Rivera', email: 'a@x.org', team: 'T' }, 'A. Rivera <a@x.org>, T'],
    ['person', { name: 'a@x.org', email: 'a@x.org' }, 'a@x.org'],
    ['person', { name: 'a@x.org' }, '{"name":"a@x.org"}'],
    ['person', { name: 'A', team: 'T' }, '{"name":"A","team":"T"}'],
    ['people', [{ name: 'A' }, { email: 'b@x.org', name: 'B' }], 'A\nB <b@x.org>'],
    ['plan', { summary: 'Move it' }, 'Move it'],
    ['plan', { summary: '{"steps":[]}' }, '{"summary":"{\\"steps\\":[]}"}'],
    ['number', 6, '6'],
    ['text', '[1]', '[1]'],
    ['structure', { alerts: ['a'] }, '{"alerts":["a"]}'],
  ] as const)('%s %j', (kind, value, text) => {
    expect(writeCell(value, { name: 'x', kind })).toBe(text);
    expect(readCell(text, kind)).toEqual({ value });
  });

  it('are JSON where a reader asks for it, and say so where they are not', () => {
    expect(readCell('Grafana', 'structure')).toEqual({
      problem: expect.stringMatching(/^is not JSON; write a mapping such as/),
    });
    expect(readCell('[draft] see below', 'texts')).toEqual({ value: ['[draft] see below'] });
    expect(readCell('high', 'number')).toEqual({ value: 'high' });
  });

  it('give back every list and every person', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((one) => one.isWellFormed());
    const person = fc.record({ name: text, email: text, team: text }, { requiredKeys: ['name'] });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), (value) => {
        const cell = writeCell(value, { name: 'x', kind: 'texts' });
        expect(readCell(cell, 'texts')).toEqual({ value });
      }),
    );
    fc.assert(
      fc.property(person, (value) => {
        const cell = writeCell(value, { name: 'x', kind: 'person' });
        expect(readCell(cell, 'person')).toEqual({ value });
      }),
    );
  });
});

describe('formulas', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['-5', "'-5"],
    ['+49', "'+49"],
    ['\tx', "'\tx"],
    ['\rx', "'\rx"],
    ['＝1', "'＝1"],
    ["'=1", "''=1"],
    ["'tis", "'tis"],
    ['a=b', 'a=b'],
    ['', ''],
  ])('%j is written as %j, and read back', (text, written) => {
    expect(guardFormula(text)).toBe(written);
    expect(unguardFormula(written)).toBe(text);
  });

  it('no text is lost', () => {
    const unit = fc.constantFrom("'", '=', '+', '-', '@', '\t', '\r', 'a');
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        expect(unguardFormula(guardFormula(text))).toBe(text);
        expect(guardFormula(text)).not.toMatch(/^[=+\-@\t\r]/);
      }),
    );
  });
});
