import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leafHash } from './hash.ts';
import { flipBit, MemoryLog, naiveRoot, nodeSha256, numberedEntries } from './log.fixture.ts';
import { consistencyProof, inclusionProof, treeHead } from './merkle-proof.ts';
import { verifyConsistency, verifyInclusion } from './merkle-verify.ts';

const MAX = 1_000;
const entries = numberedEntries(MAX);
const log = MemoryLog.of(entries);
const rootAt = (size: number) => naiveRoot(entries.slice(0, size));
const leafAt = (index: number) => leafHash(entries[index] ?? new Uint8Array(0));

const indexInTree = fc
  .integer({ min: 1, max: MAX })
  .chain((size) => fc.record({ size: fc.constant(size), index: fc.nat(size - 1) }));
const twoSizes = fc
  .integer({ min: 1, max: MAX })
  .chain((newSize) => fc.record({ newSize: fc.constant(newSize), oldSize: fc.nat(newSize) }));

describe('inclusion proofs', () => {
  it('verify for every leaf of every small tree, and for no other leaf, size or index', async () => {
    for (let size = 1; size <= 20; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const proof = await inclusionProof(log, index, size, nodeSha256);
        const claim = { index, size, leaf: leafAt(index), root: rootAt(size), proof };
        expect(verifyInclusion(claim)).toBe(true);
        for (let other = 0; other <= size; other += 1) {
          expect(verifyInclusion({ ...claim, index: other })).toBe(other === index);
        }
        expect(verifyInclusion({ ...claim, leaf: leafAt(index + 1) })).toBe(false);
      }
    }
  });

  it('verify in any tree, and fail with any bit flipped, hash dropped, added or moved', async () => {
    await fc.assert(
      fc.asyncProperty(indexInTree, fc.nat(), async ({ size, index }, bit) => {
        const proof = await inclusionProof(log, index, size);
        const claim = { index, size, leaf: leafAt(index), root: rootAt(size), proof };
        expect(verifyInclusion(claim)).toBe(true);
        expect(verifyInclusion({ ...claim, leaf: flipBit(claim.leaf, bit % 256) })).toBe(false);
        expect(verifyInclusion({ ...claim, root: flipBit(claim.root, bit % 256) })).toBe(false);
        for (const bad of tamperings(proof, bit)) {
          expect(verifyInclusion({ ...claim, proof: bad })).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('read two tiles a level at most', async () => {
    const large = MemoryLog.of(numberedEntries(70_000));
    for (const index of [0, 255, 256, 65_535, 65_536, 69_999]) {
      large.reads = 0;
      const proof = await inclusionProof(large, index, 70_000);
      expect(large.reads).toBeLessThanOrEqual(6);
      const leaf = leafHash(new TextEncoder().encode(String(index)));
      const root = large.frontier.root();
      expect(verifyInclusion({ index, size: 70_000, leaf, root, proof })).toBe(true);
    }
    large.reads = 0;
    const oldRoot = await treeHead(large, 66_000);
    const proof = await consistencyProof(large, 66_000, 70_000);
    expect(large.reads).toBeLessThanOrEqual(12);
    const newRoot = large.frontier.root();
    const claim = { oldSize: 66_000, newSize: 70_000, oldRoot, newRoot, proof };
    expect(verifyConsistency(claim)).toBe(true);
  });

  it('are refused outside the tree, and from tiles that are short or malformed', async () => {
    for (const [index, size] of [
      [5, 5],
      [-1, 5],
      [0.5, 5],
      [0, 0],
      [0, 2 ** 53],
      [Number.NaN, 5],
    ] as const) {
      await expect(inclusionProof(log, index, size)).rejects.toThrow(RangeError);
    }
    await expect(inclusionProof(log, 0, MAX + 1)).rejects.toThrow('must hold 233 hashes');
    const odd = { readTile: () => [leafAt(0), leafAt(1).slice(1)] };
    await expect(inclusionProof(odd, 0, 2)).rejects.toThrow('32 bytes');
  });

  it('are verified as false where an index or size is no exact integer', () => {
    const claim = { index: 0, size: 1, leaf: leafAt(0), root: rootAt(1), proof: [] };
    expect(verifyInclusion(claim)).toBe(true);
    for (const bad of [-1, 0.5, 2 ** 64, Number.NaN]) {
      expect(verifyInclusion({ ...claim, index: bad })).toBe(false);
      expect(verifyInclusion({ ...claim, size: bad })).toBe(false);
    }
  });
});

describe('consistency proofs', () => {
  it('verify between any sizes, and fail with any bit flipped, hash dropped, added or moved', async () => {
    await fc.assert(
      fc.asyncProperty(twoSizes, fc.nat(), async ({ oldSize, newSize }, bit) => {
        const proof = await consistencyProof(log, oldSize, newSize);
        const oldRoot = rootAt(oldSize);
        const newRoot = rootAt(newSize);
        const claim = { oldSize, newSize, oldRoot, newRoot, proof };
        expect(verifyConsistency(claim)).toBe(true);
        for (const bad of tamperings(proof, bit)) {
          expect(verifyConsistency({ ...claim, proof: bad })).toBe(false);
        }
        const flippedOld = flipBit(oldRoot, bit % 256);
        expect(verifyConsistency({ ...claim, oldRoot: flippedOld })).toBe(false);
        if (oldSize === 0) return;
        const flippedNew = flipBit(newRoot, bit % 256);
        expect(verifyConsistency({ ...claim, newRoot: flippedNew })).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('verify for every pair of small sizes, and not for another old size', async () => {
    for (let newSize = 1; newSize <= 17; newSize += 1) {
      for (let oldSize = 1; oldSize <= newSize; oldSize += 1) {
        const proof = await consistencyProof(log, oldSize, newSize);
        const claim = {
          oldSize,
          newSize,
          oldRoot: rootAt(oldSize),
          newRoot: rootAt(newSize),
          proof,
        };
        for (let other = 0; other <= newSize + 1; other += 1) {
          expect(verifyConsistency({ ...claim, oldSize: other })).toBe(other === oldSize);
        }
      }
    }
  });

  it('from size 0 are empty, and verify when empty and from the root of the empty tree alone', async () => {
    expect(await consistencyProof(log, 0, 9)).toEqual([]);
    const claim = { oldSize: 0, newSize: 9, oldRoot: rootAt(0), newRoot: rootAt(9), proof: [] };
    expect(verifyConsistency(claim)).toBe(true);
    expect(verifyConsistency({ ...claim, proof: [rootAt(9)] })).toBe(false);
    expect(verifyConsistency({ ...claim, oldRoot: rootAt(1) })).toBe(false);
    expect(verifyConsistency({ ...claim, newSize: 0, newRoot: rootAt(0) })).toBe(true);
    const wrong = { ...claim, newSize: 0, oldRoot: rootAt(1), newRoot: rootAt(1) };
    expect(verifyConsistency(wrong)).toBe(false);
  });

  it('are refused backwards', async () => {
    await expect(consistencyProof(log, 6, 5)).rejects.toThrow('lies after');
    await expect(consistencyProof(log, -1, 5)).rejects.toThrow(RangeError);
  });
});

/** One bit flipped in each hash, one hash left out, one added at either end, neighbours swapped. */
function tamperings(proof: readonly Uint8Array[], bit: number): Uint8Array[][] {
  const extra = leafAt(bit % MAX);
  const added = [
    [...proof, extra],
    [extra, ...proof],
  ];
  const changed = proof.flatMap((hash, at) => [
    proof.with(at, flipBit(hash, bit % 256)),
    proof.toSpliced(at, 1),
    proof.with(at, hash.slice(0, 31)),
  ]);
  const [first, second, ...rest] = proof;
  const swapped = first && second ? [[second, first, ...rest]] : [];
  return [...added, ...changed, ...swapped];
}
