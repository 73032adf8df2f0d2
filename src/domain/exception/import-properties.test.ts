import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Actor } from '../access/actor.ts';
import { decide } from './decide.ts';
import { isRefusal } from './decision.ts';
import { exceptionFields, SYSTEM_FIELDS } from './fields.ts';
import { assigning, plain } from './import.fixture.ts';
import { findPath } from './import-fields.ts';
import { importRecord } from './import-record.ts';

const actor: Actor = { id: 'p1', name: 'P', role: 'requestor' };
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.constantFrom('EXC_01ARZ3NDEKTSV4RRFFQ69G5FAV', 'Approved', 'High', 'P30D', 'prod'),
  fc.constantFrom('2026-02-30', '2026-03-20', '2026-03-02T00:00:00Z', '9999-12-31', '1970-01-01'),
);
const values = fc.oneof(texts, fc.array(texts, { maxLength: 3 }), fc.jsonValue(), fc.nat(12));
const keys = fc.constantFrom(...Object.keys(exceptionFields.shape), ...SYSTEM_FIELDS);
const records = fc
  .record({ title: fc.oneof(fc.constant('A'), texts), rest: fc.dictionary(keys, values) })
  .map(({ title, rest }) => ({ ...rest, title }));

it('every draft is one that the decider accepts, and nothing throws', () => {
  fc.assert(
    fc.property(records, fc.boolean(), (record, assign) => {
      const context = assign ? assigning : plain;
      const { draft, problems } = importRecord(record, context);
      expect(draft === undefined).toBe(problems.length > 0);
      if (!draft) return;
      expect(draft.keys.length).toBeGreaterThan(0);
      const { fields, claims } = draft;
      const command = { type: 'DraftException' as const, fields, ...(claims ? { claims } : {}) };
      expect(isRefusal(decide(undefined, command, { ...context, actor }))).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

it('every value whatever is read or refused', () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true }), (value) => {
      const { draft, problems } = importRecord(value, assigning);
      expect(draft === undefined).toBe(problems.length > 0);
    }),
  );
});

it('a dotted path is found again in the record', () => {
  const record = { 'a.b': { c: [{ 'd.e': 1 }] }, a: { x: 1 } };
  expect(findPath(record, 'a.b.c.0.d.e')).toEqual(['a.b', 'c', 0, 'd.e']);
  expect(findPath(record, 'a.x')).toEqual(['a', 'x']);
  expect(findPath(record, 'missing.too')).toEqual(['missing', 'too']);
  expect(findPath(record, '')).toEqual([]);
});
