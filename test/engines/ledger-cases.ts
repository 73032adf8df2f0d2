import { canonicalBytes, canonicalJson } from '../../src/domain/ledger/canonical.ts';
import { openCheckpoint } from '../../src/domain/ledger/checkpoint.ts';
import {
  type Envelope,
  encodeEnvelope,
  parseEnvelope,
  payloadCommitment,
} from '../../src/domain/ledger/envelope.ts';
import { leafHash } from '../../src/domain/ledger/hash.ts';
import { MerkleFrontier } from '../../src/domain/ledger/merkle-frontier.ts';
import { verifyConsistency, verifyInclusion } from '../../src/domain/ledger/merkle-verify.ts';
import { openNote } from '../../src/domain/ledger/note-verification.ts';
import { formatReceipt, parseReceipt, verifyReceipt } from '../../src/domain/ledger/proof-text.ts';
import { parseVerifierKey } from '../../src/domain/ledger/verifier-key.ts';
import { type EngineCase, fromHex, toHex, type VectorFiles } from './case.ts';

/** What the verifier makes of entries, proofs, checkpoints and receipts. */
export function ledgerCases(files: VectorFiles): EngineCase[] {
  return [
    ...canonicalCases(files.canonical as CanonicalVectors),
    ...envelopeCases(files.envelope as { cases: EnvelopeVector[] }),
    ...proofCases(files['rfc6962-proof-vectors'] as ProofVectors),
    ...checkpointCases(files.checkpoint as CheckpointVectors),
  ];
}

interface CanonicalVectors {
  readonly numbers: readonly { readonly ieee754: string; readonly canonical: string }[];
  readonly values: readonly { readonly json: string; readonly canonical: string }[];
  readonly refused: readonly { readonly json: string; readonly message: string }[];
}

function canonicalCases({ numbers, values, refused }: CanonicalVectors): EngineCase[] {
  return [
    ...numbers.map(({ ieee754, canonical }) => ({
      name: `canonical: number ${ieee754}`,
      expected: canonical,
      run: () => canonicalJson(new DataView(fromHex(ieee754).buffer as ArrayBuffer).getFloat64(0)),
    })),
    ...values.map(({ json, canonical }) => ({
      name: `canonical: ${json}`,
      expected: canonical,
      run: () => canonicalJson(JSON.parse(json)),
    })),
    ...refused.map(({ json, message }) => ({
      name: `canonical: refused ${json}`,
      expected: { thrown: 'NotCanonicalError', message },
      run: () => canonicalJson(JSON.parse(json)),
    })),
  ];
}

interface EnvelopeVector {
  readonly payload: unknown;
  readonly saltHex: string;
  readonly canonicalPayload: string;
  readonly envelope: Envelope;
  readonly entry: string;
  readonly leafHashHex: string;
}

function envelopeCases({ cases }: { readonly cases: readonly EnvelopeVector[] }): EngineCase[] {
  return cases.map(({ payload, saltHex, ...rest }, at) => ({
    name: `envelope: ${at} ${rest.envelope.type}`,
    expected: { ...rest, commitment: rest.envelope.payload_commitment },
    run() {
      const bytes = encodeEnvelope(rest.envelope);
      return {
        canonicalPayload: canonicalJson(payload),
        commitment: payloadCommitment(fromHex(saltHex), canonicalBytes(payload)),
        envelope: parseEnvelope(bytes),
        entry: new TextDecoder().decode(bytes),
        leafHashHex: toHex(leafHash(bytes)),
      };
    },
  }));
}

interface ProofVectors {
  readonly leafInputsHex: readonly string[];
  readonly rootsHexBySize: Readonly<Record<string, string>>;
  readonly inclusion: readonly ProofVector<'leafIdx' | 'treeSize', 'root' | 'leafHash'>[];
  readonly consistency: readonly ProofVector<'size1' | 'size2', 'root1' | 'root2'>[];
}

type ProofVector<Numbers extends string, Hashes extends string> = Readonly<
  Record<Numbers, number> & Record<Hashes, string | null>
> & { readonly file: string; readonly proof: readonly string[] | null; readonly wantErr: boolean };

function proofCases(vectors: ProofVectors): EngineCase[] {
  const heads = Object.entries(vectors.rootsHexBySize).map(([size, root]) => ({
    name: `rfc6962: head of size ${size}`,
    expected: root,
    run: () => headOf(vectors.leafInputsHex.slice(0, Number(size)).map(fromHex)),
  }));
  const inclusion = vectors.inclusion.map((vector) => ({
    name: `rfc6962: ${vector.file}`,
    expected: !vector.wantErr,
    run: () =>
      verifyInclusion({
        index: vector.leafIdx,
        size: vector.treeSize,
        leaf: fromBase64(vector.leafHash),
        root: fromBase64(vector.root),
        proof: (vector.proof ?? []).map(fromBase64),
      }),
  }));
  const consistency = vectors.consistency.map((vector) => ({
    name: `rfc6962: ${vector.file}`,
    expected: !vector.wantErr,
    run: () =>
      verifyConsistency({
        oldSize: vector.size1,
        newSize: vector.size2,
        oldRoot: fromBase64(vector.root1),
        newRoot: fromBase64(vector.root2),
        proof: (vector.proof ?? []).map(fromBase64),
      }),
  }));
  return [...heads, ...inclusion, ...consistency];
}

function headOf(entries: readonly Uint8Array[]): string {
  const frontier = MerkleFrontier.empty();
  for (const entry of entries) frontier.append(leafHash(entry));
  return toHex(frontier.root());
}

/** Some vectors hold hashes of other lengths, and none. */
function fromBase64(text: string | null): Uint8Array {
  return Uint8Array.from(atob(text ?? ''), (char) => char.charCodeAt(0));
}

interface CheckpointVectors {
  readonly origin: string;
  readonly verifierKey: string;
  readonly size: number;
  readonly rootHex: string;
  readonly checkpoint: string;
  readonly emptyCheckpoint: string;
  readonly receipts: readonly { index: number; entry: string; receipt: string }[];
  readonly goNote: { readonly verifierKey: string; readonly note: string };
}

function checkpointCases(vectors: CheckpointVectors): EngineCase[] {
  const { origin, size, rootHex, goNote } = vectors;
  const log = () => ({ origin, keys: [parseVerifierKey(vectors.verifierKey)] });
  const open = async (note: string) => {
    const { root, ...head } = await openCheckpoint(note, log(), verifyEd25519);
    return { ...head, rootHex: toHex(root) };
  };
  const emptyRoot = headOf([]);
  const verify = async (receipt: string, entry: string) => {
    const bytes = new TextEncoder().encode(entry);
    const { index, checkpoint } = await verifyReceipt(receipt, bytes, log(), verifyEd25519);
    return { index, size: checkpoint.size, written: formatReceipt(parseReceipt(receipt)) };
  };
  const numbered = Array.from({ length: size }, (_, at) => new TextEncoder().encode(String(at)));
  return [
    { name: 'checkpoint: its tree', expected: rootHex, run: () => headOf(numbered) },
    {
      name: 'checkpoint: its signature',
      expected: { origin, size, rootHex },
      run: () => open(vectors.checkpoint),
    },
    {
      name: 'checkpoint: of the empty tree',
      expected: { origin, size: 0, rootHex: emptyRoot },
      run: () => open(vectors.emptyCheckpoint),
    },
    {
      name: 'checkpoint: with another size',
      expected: thrown(`the signature by ${origin} is not valid`),
      run: () => open(vectors.checkpoint.replace(`\n${size}\n`, `\n${size + 1}\n`)),
    },
    {
      name: 'checkpoint: the example of the Go package',
      expected: goNote.note.slice(0, goNote.note.indexOf('\n\n') + 1),
      run: async () =>
        (await openNote(goNote.note, [parseVerifierKey(goNote.verifierKey)], verifyEd25519)).text,
    },
    ...vectors.receipts.flatMap(({ index, entry, receipt }) => [
      {
        name: `checkpoint: receipt of ${index}`,
        expected: { index, size, written: receipt },
        run: () => verify(receipt, entry),
      },
      {
        name: `checkpoint: receipt of ${index} for another entry`,
        expected: thrown(`the entry is not at index ${index} of the checkpoint`),
        run: () => verify(receipt, `${entry}?`),
      },
    ]),
  ];
}

function thrown(message: string) {
  return { thrown: 'LedgerVerificationError', message };
}

/** By WebCrypto, which all engines have; it takes no view of a shared buffer, hence the copies. */
async function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) {
  const raw = Uint8Array.from(publicKey);
  const key = await crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', key, Uint8Array.from(signature), Uint8Array.from(message));
}
