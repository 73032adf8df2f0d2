import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeRuns, encodeRuns } from './created-runs.ts';

it('every pattern is read back as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean()), (made) => {
      expect([...decodeRuns(encodeRuns(made))]).toEqual(made);
    }),
  );
});

it('is short for what is usual', () => {
  expect(encodeRuns(Array(500).fill(true))).toBe('500');
  expect(encodeRuns([false, false, true])).toBe('0,2,1');
});
