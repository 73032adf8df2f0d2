import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CommandFailure } from '../terminal/command-failure.ts';
import { verifyLedger } from './ledger.ts';

const WHOLE = {
  ok: true,
  size: 2,
  root: 'cm9vdA==',
  entries: 2,
  streams: 1,
  pending: 0,
  retired: 0,
  checkpoints: 1,
  epochs: [],
  findings: [],
  finding_count: 0,
  seconds: 0.1,
};

let server: Server;
let printed = '';

beforeEach(() => {
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text;
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
});

/** A server whose verification answers these lines, and then ends or breaks off. */
async function answering(lines: readonly unknown[], end: (answer: ServerResponse) => void) {
  server = createServer((_, answer) => {
    answer.writeHead(200, { 'content-type': 'application/x-ndjson' });
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    answer.write(text, () => end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  vi.stubEnv('LAPSE_URL', `http://127.0.0.1:${port}`);
  vi.stubEnv('LAPSE_TOKEN', 'lapse_1_secret');
}

async function failureOf(work: Promise<void>): Promise<CommandFailure> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof CommandFailure) return error;
  throw error ?? new Error('it did not fail');
}

const progress = { progress: { entries: 1, total: 2 } };

test('a ledger that was read to its end and is whole', async () => {
  await answering([progress, { result: WHOLE }], (answer) => answer.end());
  await verifyLedger({});
  expect(printed).toMatch(/the ledger is whole: 2 entries, 1 stream, 1 checkpoint/);
});

test('epochs are named with whoever opened them and what they gave up, whole or not', async () => {
  const epoch = {
    epoch: 2,
    opened_at: '2026-03-07T09:00:00.000Z',
    opened_by: { id: 'tok_1', name: 'Ada \u001b[2JMin' },
    reason: 'The disk failed.',
    fork_size: 1_200,
    lost_entries: 2,
    given_up: [{ origin: 'lapse.example/ledger/1', size: 1_202 }],
  };
  await answering([{ result: { ...WHOLE, epochs: [epoch] } }], (answer) => answer.end());
  await verifyLedger({});
  expect(printed.split('\n').slice(2)).toEqual([
    'epoch 2 was opened 2026-03-07 09:00 UTC by Ada Min (tok_1), giving up',
    '  2 signed entries after the first 1,200, which are as they were signed',
    '  the checkpoint of 1,202 entries of lapse.example/ledger/1',
    '  reason: The disk failed.',
    '',
  ]);
});

test('a ledger that is not whole names the first finding, with exit code 1', async () => {
  const findings = [
    { index: 1, stream: 'exception:EXC_1', code: 'leaf-mismatch', message: 'the leaf differs' },
    { checkpoint: 'database/2', code: 'checkpoint-mismatch', message: 'another root was signed' },
  ];
  const result = { ...WHOLE, ok: false, findings, finding_count: 2 };
  await answering([{ result }], (answer) => answer.end());
  const failure = await failureOf(verifyLedger({ json: true }));
  expect(failure).toMatchObject({ exitCode: 1 });
  expect(failure.message).toContain('entry 1 exception:EXC_1: the leaf differs');
  expect(failure.details).toHaveLength(2);
  expect(JSON.parse(printed)).toEqual(result);
});

test.each([
  ['that ends without a result', [progress], (answer: ServerResponse) => answer.end()],
  ['that breaks off', [progress], (answer: ServerResponse) => answer.destroy()],
  [
    'that could not be completed',
    [progress, { error: { code: 'unavailable', detail: 'the database went away' } }],
    (answer: ServerResponse) => answer.end(),
  ],
])('a verification %s decides nothing: exit code 3', async (_, lines, end) => {
  await answering(lines, end);
  expect(await failureOf(verifyLedger({}))).toMatchObject({ exitCode: 3 });
  expect(printed).toBe('');
});
