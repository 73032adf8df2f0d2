import { LapseProblem, LapseUnreachable } from '@lapse/client';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { usageFailure } from './command-failure.ts';
import { reportFailure } from './report-failure.ts';
import { startFailure } from './start-failure.ts';

// Read once, when the colours are chosen: also at a terminal there are none here.
vi.hoisted(() => {
  process.env.NO_COLOR = '1';
});

let said = '';

beforeEach(() => {
  said = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

function problem(status: number, code: string, rest: object = {}): LapseProblem {
  return new LapseProblem(status, { title: code, detail: 'refused', code, ...rest });
}

test.each([
  [problem(422, 'incomplete-record'), 1],
  [problem(409, 'wrong-state'), 1],
  [problem(403, 'self-approval'), 1],
  [problem(404, 'not-found'), 1],
  [problem(400, 'invalid-request'), 2],
  [usageFailure('no'), 2],
  [problem(401, 'unauthenticated'), 3],
  [problem(429, 'too-many-requests'), 3],
  [problem(503, 'unavailable'), 3],
  [new LapseUnreachable('http://localhost:1', new Error('refused')), 3],
  [new Error('unforeseen'), 3],
])('%s ends with %i', (error, exitCode) => {
  expect(reportFailure(error)).toBe(exitCode);
  expect(said).toMatch(/^error: /);
});

test('every field is named, then what to do next', () => {
  const errors = [
    { path: 'owners', message: 'is required' },
    { path: 'stride', message: 'is required' },
  ];
  reportFailure(problem(422, 'incomplete-record', { errors }));
  expect(said.split('\n').slice(0, 3)).toEqual([
    'error: refused',
    '  owners: is required',
    '  stride: is required',
  ]);
  expect(said).toMatch(/\nnext: .*lapse edit/);
});

test('at a terminal lines are wrapped, and what is listed stays indented', () => {
  const { isTTY, columns } = process.stderr;
  onTestFinished(() => void Object.assign(process.stderr, { isTTY, columns }));
  Object.assign(process.stderr, { isTTY: true, columns: 30 });
  const message = 'is required, and has to be given in words';
  const errors = ['owners', 'stride'].map((path) => ({ path, message }));
  reportFailure(problem(422, 'incomplete-record', { errors }));
  expect(said.split('\n').slice(0, 3)).toEqual([
    'error: refused',
    '  owners: is required, and',
    '    has to be given in words',
  ]);
  for (const line of said.split('\n')) expect(line.length).toBeLessThanOrEqual(30);
});

test.each(['exception', 'token', 'workload', 'task', 'removal task', 'grant'])(
  'where a %s is not found, what lists them',
  (kind) => {
    reportFailure(problem(404, 'not-found', { detail: `there is no ${kind} X` }));
    expect(said).toMatch(/\nnext: `lapse [a-z -]+` shows what there is\n/);
  },
);

test('what is wrong with a token of a pipeline is said as the server says it', () => {
  vi.stubEnv('LAPSE_TOKEN', 'a.b.c');
  onTestFinished(() => void vi.unstubAllEnvs());
  reportFailure(problem(401, 'unauthenticated', { detail: 'another audience' }));
  expect(said).toMatch(/^error: another audience\nnext: .*lapse workload list/);
});

test('what the server quotes cannot write to the terminal', () => {
  reportFailure(problem(422, 'invalid-record', { detail: 'no \u001b[2J field' }));
  expect(said).not.toContain('\u001b');
});

test('why a server did not start', () => {
  const named = (name: string) => Object.assign(new Error('say this'), { name });
  const coded = (code: string) => Object.assign(new Error('low level'), { code });
  const exit = (error: Error, env = {}) => reportFailure(startFailure(error, env));
  expect(exit(named('ConfigurationError'))).toBe(2);
  expect(exit(named('DataDirectoryInUseError'))).toBe(2);
  expect(exit(coded('EADDRINUSE'))).toBe(2);
  expect(exit(coded('ECONNREFUSED'), { DATABASE_URL: 'postgres://x' })).toBe(3);
  expect(exit(new AggregateError([coded('ECONNREFUSED')]))).toBe(3);
  expect(said).not.toContain('    at ');
});
