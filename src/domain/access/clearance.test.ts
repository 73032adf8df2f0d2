import { describe, expect, it, test } from 'vitest';
import { CLASSIFICATIONS } from '../exception/fields.ts';
import {
  assertClearedFor,
  assertMayGive,
  classificationOf,
  clearanceProblem,
  isCleared,
} from './clearance.ts';

/** Who is shown what. A change here is a change of what people may see: make it on purpose. */
const TABLE = `
              public  internal  restricted  confidential
public        yes     -         -           -
internal      yes     yes       -           -
restricted    yes     yes       yes         -
confidential  yes     yes       yes         yes
`;
const [header = [], ...rows] = TABLE.trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/));

describe('a clearance', () => {
  it('covers its own classification and what is less secret', () => {
    expect(header).toEqual(CLASSIFICATIONS);
    const found = CLASSIFICATIONS.map((clearance) => [
      clearance,
      ...CLASSIFICATIONS.map((each) => (isCleared(clearance, each) ? 'yes' : '-')),
    ]);
    expect(found).toEqual(rows);
  });

  it('of internal is what a record takes that nobody has classified', () => {
    expect(classificationOf({})).toBe('internal');
    expect(clearanceProblem('internal', {})).toBeUndefined();
    expect(clearanceProblem('public', {})).toContain('internal, as long as none is given,');
  });

  it('is what somebody needs to write, and the refusal names the field', () => {
    const write = () => assertClearedFor('internal', { data_classification: 'restricted' });
    expect(write).toThrow('data_classification restricted is above your clearance, internal');
    expect(() =>
      assertClearedFor('restricted', { data_classification: 'restricted' }),
    ).not.toThrow();
  });

  test('is given by nobody who has less', () => {
    expect(() => assertMayGive('internal', ['public', 'confidential'])).toThrow(
      'you cannot give the clearance confidential, since yours is internal',
    );
    expect(() => assertMayGive('internal', ['public', 'internal'])).not.toThrow();
  });
});
