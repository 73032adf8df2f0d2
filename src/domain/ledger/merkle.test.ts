import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leafHash, nodeHash } from './hash.ts';
import { MemoryLog, naiveRoot, nodeSha256, numberedEntries } from './log.fixture.ts';
import { MerkleFrontier } from './merkle-frontier.ts';
import { verifyConsistency, verifyInclusion } from './merkle-verify.ts';

const vectors = JSON.parse(
  readFileSync(
    new URL('../../../test/vectors/rfc6962-proof-vectors.json', import.meta.url),
    'utf8',
  ),
);
const fromBase64 = (text: string | null) => Uint8Array.from(Buffer.from(text ?? '', 'base64'));
const proofOf = (proof: string[] | null) => (proof ?? []).map(fromBase64);

describe('the RFC 6962 reference vectors', () => {
  const leaves: Uint8Array[] = vectors.leafInputsHex.map((hex: string) =>
    Uint8Array.from(Buffer.from(hex, 'hex')),
  );

  it.each(Object.entries<string>(vectors.rootsHexBySize))(
    'has the head of size %s',
    (size, root) => {
      const frontier = MerkleFrontier.empty();
      for (const leaf of leaves.slice(0, Number(size))) frontier.append(leafHash(leaf));
      expect(Buffer.from(frontier.root()).toString('hex')).toBe(root);
      expect(frontier.size).toBe(Number(size));
    },
  );

  it('runs every case', () => {
    expect([vectors.inclusion.length, vectors.consistency.length]).toEqual([49, 49]);
  });

  // An index of 2^64 - 1 (`leafIdx sub @1`) is rounded on reading, and out of range either way.
  it.each<InclusionVector>(vectors.inclusion)('inclusion: $file', (vector) => {
    const claim = {
      index: vector.leafIdx,
      size: vector.treeSize,
      leaf: fromBase64(vector.leafHash),
      root: fromBase64(vector.root),
      proof: proofOf(vector.proof),
    };
    expect(verifyInclusion(claim)).toBe(!vector.wantErr);
    expect(verifyInclusion(claim, nodeSha256)).toBe(!vector.wantErr);
  });

  // Those from size 0 fail for a proof that is not empty, or a root of another length; an empty
  // proof between well-formed roots is accepted here (see verifyConsistency).
  it.each<ConsistencyVector>(vectors.consistency)('consistency: $file', (vector) => {
    const claim = {
      oldSize: vector.size1,
      newSize: vector.size2,
      oldRoot: fromBase64(vector.root1),
      newRoot: fromBase64(vector.root2),
      proof: proofOf(vector.proof),
    };
    expect(verifyConsistency(claim)).toBe(!vector.wantErr);
  });
});

describe('leaf hashes', () => {
  it.each([0, 1, 4_094, 4_095, 4_096, 65_535])(
    'take the whole of an entry of %i bytes',
    (length) => {
      const entry = new Uint8Array(length).fill(5);
      leafHash(new Uint8Array(4_000).fill(9));
      expect(leafHash(entry)).toEqual(nodeSha256(Uint8Array.of(0, ...entry)));
    },
  );
});

describe('the frontier', () => {
  it('has the head that the definition gives, at every size', () => {
    const entries = numberedEntries(140);
    const frontier = MerkleFrontier.empty(nodeSha256);
    for (let size = 0; size <= entries.length; size += 1) {
      expect(frontier.root()).toEqual(naiveRoot(entries.slice(0, size)));
      const next = entries[size];
      if (next) frontier.append(leafHash(next));
    }
  });

  it('goes on after being stored and restored anywhere', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), (before, after) => {
        const entries = numberedEntries(before + after);
        const first = MerkleFrontier.empty();
        for (const entry of entries.slice(0, before)) first.append(leafHash(entry));
        const stored = first.toBytes();
        const second = MerkleFrontier.fromBytes(
          Buffer.concat([Buffer.alloc(3), stored]).subarray(3),
        );
        for (const entry of entries.slice(before)) second.append(leafHash(entry));
        expect(second.root()).toEqual(naiveRoot(entries));
        expect(second.size).toBe(before + after);
      }),
      { numRuns: 30 },
    );
  });

  it('tells which roots of full tiles to store, in order', () => {
    const log = MemoryLog.of(numberedEntries(65_537));
    expect(log.levels.map((hashes) => hashes.length)).toEqual([65_537, 256, 1]);
    expect(log.levels[1]?.[3]).toEqual(naiveRoot(numberedEntries(1024).slice(768)));
    expect(log.levels[2]?.[0]).toEqual(naiveRoot(numberedEntries(65_536)));
  });

  it('is the same from stored tiles', async () => {
    const log = MemoryLog.of(numberedEntries(700));
    const built = await MerkleFrontier.fromTiles(log, 700);
    expect(built.toBytes()).toEqual(log.frontier.toBytes());
  });

  it('refuses bytes whose length does not fit the size, and what is no hash', () => {
    const frontier = MerkleFrontier.empty();
    for (const entry of numberedEntries(3)) frontier.append(leafHash(entry));
    const stored = frontier.toBytes();
    expect(stored.length).toBe(8 + 2 * 32);
    const huge = Uint8Array.from([0, 0x20, 0, 0, 0, 0, 0, 0]);
    for (const bytes of [stored.slice(0, -1), stored.slice(0, 40), stored.slice(0, 7), huge]) {
      expect(() => MerkleFrontier.fromBytes(bytes)).toThrow('frontier');
    }
    expect(() => frontier.append(new Uint8Array(31))).toThrow(RangeError);
    expect(() => nodeHash(new Uint8Array(32), new Uint8Array(33))).toThrow(RangeError);
  });
});

interface InclusionVector {
  leafIdx: number;
  treeSize: number;
  root: string | null;
  leafHash: string | null;
  proof: string[] | null;
  wantErr: boolean;
}

interface ConsistencyVector {
  size1: number;
  size2: number;
  root1: string | null;
  root2: string | null;
  proof: string[] | null;
  wantErr: boolean;
}
