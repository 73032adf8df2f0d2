import { beforeAll, describe, expect, test } from 'vitest';
import { parseCheckpoint, signCheckpoint } from './checkpoint.ts';
import {
  assertHandedOver,
  claimOf,
  type EpochData,
  epochData,
  epochOfOrigin,
  epochOrigin,
  evolveLedger,
  handoverText,
  isCited,
  isCovered,
  isGivenUp,
  lossOf,
  noteDigest,
} from './epoch.ts';
import { signerOf, nodeVerifyEd25519 as verifyEd25519 } from './log.fixture.ts';
import { signNote } from './signed-note.ts';
import { formatVerifierKey, parseVerifierKey } from './verifier-key.ts';

const ORIGIN = 'log.example/1';
const first = logOf(ORIGIN, 1);
const second = logOf(epochOrigin(ORIGIN, 2), 2);
const KEY = formatVerifierKey(second.key.name, second.key.publicKey);

function logOf(name: string, seed: number) {
  const { signer, publicKey } = signerOf(name, new Uint8Array(32).fill(seed));
  return { signer, key: parseVerifierKey(formatVerifierKey(name, publicKey)) };
}

const CONTEXT = {
  tenantId: 'T',
  streamId: 'T',
  at: Date.UTC(2026, 0, 5),
  actor: { id: 'tok_1', name: 'Ada' },
};

const note = (size: number, log = first) =>
  signCheckpoint({ origin: log.key.name, size, root: new Uint8Array(32).fill(size) }, [log.signer]);

let data: EpochData;
beforeAll(async () => {
  data = {
    epoch: 2,
    verifier_key: KEY,
    handover: await signNote(handoverText(2, KEY), [first.signer]),
    tree_size: 100,
    fork_size: 98,
    cited: [await note(120)],
    reason: 'restored',
  };
});

const opened = (change: Partial<EpochData> = {}) =>
  ({ type: 'EpochOpened', data: { ...data, ...change } }) as const;

test.each([
  [ORIGIN, 1],
  [`${ORIGIN}/epoch/2`, 2],
  [`${ORIGIN}/epoch/12`, 12],
  [`${ORIGIN}/epoch/1`, undefined],
  [`${ORIGIN}/epoch/02`, undefined],
  [`${ORIGIN}/epoch/2/epoch/3`, undefined],
  [`${ORIGIN}/epoch/`, undefined],
  ['log.example/2/epoch/2', undefined],
  [`x${ORIGIN}/epoch/2`, undefined],
])('the log %s is epoch %s of the ledger', (origin, epoch) => {
  expect(epochOfOrigin(ORIGIN, origin)).toBe(epoch);
});

describe('a ledger', () => {
  test('has its epochs in order, with when and through whom', () => {
    const two = evolveLedger(undefined, opened(), CONTEXT);
    const four = evolveLedger(two, opened({ epoch: 4 }), CONTEXT);
    expect(four.epochs.map(({ epoch }) => epoch)).toEqual([2, 4]);
    expect(two.epochs[0]).toEqual({
      ...data,
      opened_at: '2026-01-05T00:00:00.000Z',
      opened_by: { id: 'tok_1', name: 'Ada' },
    });
  });

  test.each([1, 2])('has no epoch %i after the second', (epoch) => {
    const two = evolveLedger(undefined, opened(), CONTEXT);
    expect(() => evolveLedger(two, opened({ epoch }), CONTEXT)).toThrow('after epoch 2');
  });

  test("is in no other stream than its tenant's own", () => {
    expect(() => evolveLedger(undefined, opened(), { ...CONTEXT, streamId: 'U' })).toThrow(
      'one ledger',
    );
  });

  test.each([
    { epoch: 1 },
    { epoch: 2.5 },
    { verifier_key: 'log.example/1' },
    { fork_size: -1 },
    { cited: [7] },
    { reason: '' },
    { more: true },
  ])('takes no event with %j', (change) => {
    expect(epochData.safeParse(data).success).toBe(true);
    expect(epochData.safeParse({ ...data, ...change }).success).toBe(false);
  });
});

describe('a handover', () => {
  test('holds where the key before has signed it', async () => {
    await expect(assertHandedOver(data, [first.key], verifyEd25519)).resolves.toBeUndefined();
  });

  test.each([
    ['by another key', () => assertHandedOver(data, [second.key], verifyEd25519), 'no known key'],
    [
      'to another epoch',
      () => assertHandedOver({ ...data, epoch: 3 }, [first.key], verifyEd25519),
      'another epoch',
    ],
    [
      'to another key',
      () =>
        assertHandedOver(
          { ...data, verifier_key: formatVerifierKey(ORIGIN, first.key.publicKey) },
          [first.key],
          verifyEd25519,
        ),
      'another epoch',
    ],
  ])('does not hold %s', async (_, check, message) => {
    await expect(check()).rejects.toThrow(message);
  });

  test('never reads as a checkpoint, nor a checkpoint as a handover', async () => {
    expect(() => parseCheckpoint(handoverText(2, KEY))).toThrow();
    expect(claimOf(data.handover)).toBeUndefined();
    const handover = await note(2);
    await expect(
      assertHandedOver({ ...data, handover }, [first.key], verifyEd25519),
    ).rejects.toThrow('another epoch');
  });
});

describe('a checkpoint', () => {
  test.each([
    [98, false],
    [99, true],
    [120, true],
    [121, false],
  ])('of %i entries of the old epoch is given up: %s', (size, expected) => {
    expect(isGivenUp([data], { origin: ORIGIN, size })).toBe(expected);
  });

  test('of another log is neither given up nor covered', () => {
    expect(isGivenUp([data], { origin: 'log.example/2', size: 110 })).toBe(false);
    expect(isCovered([data], { origin: 'log.example/2', size: 1 })).toBe(false);
    expect(isCovered([data], { origin: ORIGIN, size: 1 })).toBe(true);
    expect(isCovered([], { origin: ORIGIN, size: 1 })).toBe(false);
  });

  test('is cited in full or by its digest, which covers nothing else', async () => {
    const [cited = ''] = data.cited;
    expect(isCited([data], cited)).toBe(true);
    expect(isCited([data], await note(119))).toBe(false);
    const byDigest = { ...data, cited: [noteDigest('garbage')] };
    expect(isCited([byDigest], 'garbage')).toBe(true);
    expect(isCited([byDigest], 'other garbage')).toBe(false);
    expect(isCovered([byDigest], { origin: ORIGIN, size: 1 })).toBe(false);
  });
});

test('what is lost is what was signed beyond the fork', async () => {
  expect(lossOf(data)).toEqual({ lost_entries: 22, given_up: [{ origin: ORIGIN, size: 120 }] });
  const cited = [await note(5, second), noteDigest('garbage')];
  expect(lossOf({ cited, fork_size: 98 })).toEqual({
    lost_entries: 0,
    given_up: [{ origin: second.key.name, size: 5 }],
  });
  expect(lossOf({ cited: [], fork_size: 0 })).toEqual({ lost_entries: 0, given_up: [] });
});

test.each(['', 'a\n\nb', 'log.example/1\n5\nx\n\n— a b\n', '\u0000'])(
  '%j claims nothing',
  (text) => {
    expect(claimOf(text)).toBeUndefined();
  },
);
