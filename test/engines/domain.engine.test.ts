import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM_TIMEOUT_MS } from '../support/chromium.ts';
import { beginnings, moves } from '../support/random-story.ts';
import { readVectors } from './bundle-cases.ts';
import type { Results } from './case.ts';
import { ENGINES, type EngineRun } from './engines.ts';
import { listCases, runCases } from './run-cases.ts';

const VECTORS = [
  'events-v1',
  'records',
  'policy',
  'time',
  'canonical',
  'envelope',
  'rfc6962-proof-vectors',
  'checkpoint',
];
const STORIES = { numRuns: 60, seed: 2026 };

const input = {
  files: Object.fromEntries(VECTORS.map((name) => [name, readVectors(name)])),
  plots: fc.sample(fc.record({ beginning: beginnings, tried: moves }), STORIES),
};
const cases = listCases(input);

/** Unbundled, on the Node that runs the tests. */
let fromSource: Results;
beforeAll(async () => {
  fromSource = await runCases(input);
});

test('every case has a name of its own', () => {
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
});

describe.each(ENGINES)('$name', ({ version, run }) => {
  let ran: EngineRun;
  beforeAll(async () => {
    ran = await run(input);
  }, CHROMIUM_TIMEOUT_MS);

  test('is what it is called, and ran every case', () => {
    expect(ran.version.startsWith(version), ran.version).toBe(true);
    expect(Object.keys(ran.results)).toEqual(cases.map(({ name }) => name));
  });

  test.each(cases)('$name', ({ name, expected }) => {
    expect(ran.results[name]).toEqual(expected === undefined ? fromSource[name] : expected);
  });
});
