import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatCheckpoint, openCheckpoint, parseCheckpoint, signCheckpoint } from './checkpoint.ts';
import { LedgerFormatError } from './format-error.ts';
import {
  flipBit,
  MemoryLog,
  nodeSha256,
  nodeVerifyEd25519,
  numberedEntries,
  signerOf,
} from './log.fixture.ts';
import { inclusionProof } from './merkle-proof.ts';
import { LedgerVerificationError } from './note-verification.ts';
import { formatReceipt, parseReceipt, verifyReceipt } from './proof-text.ts';
import { signNote } from './signed-note.ts';
import { formatVerifierKey, parseVerifierKey } from './verifier-key.ts';

const golden = JSON.parse(
  readFileSync(new URL('../../../test/vectors/checkpoint.json', import.meta.url), 'utf8'),
);
const utf8 = (text: string) => new TextEncoder().encode(text);
const fromHex = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const { signer, publicKey } = signerOf(golden.origin, fromHex(golden.seedHex));
const log = { origin: golden.origin, keys: [parseVerifierKey(golden.verifierKey)] };
const head = { origin: golden.origin, size: golden.size, root: fromHex(golden.rootHex) };
const root64 = Buffer.from(head.root).toString('base64');

describe('checkpoints', () => {
  it('are the golden ones, signed with the RFC 8032 test key', async () => {
    expect(Buffer.from(publicKey).toString('hex')).toBe(golden.publicKeyHex);
    expect(golden.publicKeyHex).toBe(
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    );
    expect(formatVerifierKey(golden.origin, publicKey)).toBe(golden.verifierKey);
    expect(MemoryLog.of(numberedEntries(300)).frontier.root()).toEqual(head.root);
    expect(await signCheckpoint(head, [signer])).toBe(golden.checkpoint);
    expect(await openCheckpoint(golden.checkpoint, log, nodeVerifyEd25519)).toEqual(head);
    const empty = await openCheckpoint(golden.emptyCheckpoint, log, nodeVerifyEd25519, nodeSha256);
    expect(empty.size).toBe(0);
  });

  it('are read with the extension lines of other logs, and the example of the standard', () => {
    const other =
      'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
    expect(parseCheckpoint(other).size).toBe(20_852_163);
    expect(formatCheckpoint(parseCheckpoint(`${other}extension 1\nextension 2\n`))).toBe(other);
  });

  it.each([
    ['no origin', `\n1\n${root64}\n`],
    ['two lines', 'origin\n1\n'],
    ['no final newline', `origin\n1\n${root64}`],
    ['a leading zero', `origin\n01\n${root64}\n`],
    ['a sign', `origin\n+1\n${root64}\n`],
    ['an exponent', `origin\n1e3\n${root64}\n`],
    ['no size', `origin\n\n${root64}\n`],
    ['a size of 2^53', `origin\n9007199254740992\n${root64}\n`],
    ['other digits', `origin\n\u0661\n${root64}\n`],
    ['a short root', 'origin\n1\nAAAA\n'],
    ['a root in base64url', `origin\n1\n${'_'.repeat(43)}=\n`],
    ['an empty extension line', `origin\n1\n${root64}\n\n`],
  ])('are refused with %s', (_, text) => {
    expect(() => parseCheckpoint(text)).toThrow(LedgerFormatError);
  });

  it.each([
    ['an empty origin', { ...head, origin: '' }],
    ['an origin of two lines', { ...head, origin: 'a\nb' }],
    ['a space in the origin', { ...head, origin: 'a b' }],
    ['a size that is no integer', { ...head, size: 0.5 }],
    ['a short root', { ...head, root: new Uint8Array(31) }],
  ])('are not written with %s', (_, checkpoint) => {
    expect(() => formatCheckpoint(checkpoint)).toThrow();
  });

  it('are not believed for another log, by another key, or for an empty tree with leaves', async () => {
    const open = (note: string, trusted = log) => openCheckpoint(note, trusted, nodeVerifyEd25519);
    const other = { ...log, origin: 'ledger.example/tenant-2' };
    await expect(open(golden.checkpoint, other)).rejects.toThrow('is of ledger.example/tenant-1');
    const stranger = signerOf(golden.origin, new Uint8Array(32).fill(9));
    const forged = await signCheckpoint(head, [stranger.signer]);
    await expect(open(forged)).rejects.toThrow(LedgerVerificationError);
    const emptied = await signCheckpoint({ ...head, size: 0 }, [signer]);
    await expect(open(emptied)).rejects.toThrow('empty tree');
    const note = await signNote('not a checkpoint\n', [signer]);
    await expect(open(note)).rejects.toThrow(LedgerFormatError);
  });
});

describe('receipts', () => {
  const receipt: string = golden.receipts[2].receipt;
  const entry = utf8(golden.receipts[2].entry);
  const verify = (text: string | Uint8Array, bytes = entry) =>
    verifyReceipt(text, bytes, log, nodeVerifyEd25519);

  it.each<{ index: number; entry: string; receipt: string }>(golden.receipts)(
    'are the golden one of index $index',
    async ({ index, entry: text, receipt: written }) => {
      const proof = await inclusionProof(MemoryLog.of(numberedEntries(300)), index, 300);
      expect(formatReceipt({ index, proof, checkpoint: golden.checkpoint })).toBe(written);
      expect(await verify(written, utf8(text))).toEqual({ index, checkpoint: head });
      expect(formatReceipt(parseReceipt(utf8(written)))).toBe(written);
    },
  );

  it('of a log with one entry have no hashes', async () => {
    const one = MemoryLog.of(numberedEntries(1));
    const checkpoint = await signCheckpoint({ ...head, size: 1, root: one.frontier.root() }, [
      signer,
    ]);
    const text = formatReceipt({ index: 0, proof: [], checkpoint });
    expect(text.startsWith(`c2sp.org/tlog-proof@v1\nindex 0\n\n${golden.origin}\n1\n`)).toBe(true);
    expect((await verify(text, utf8('0'))).index).toBe(0);
  });

  it('keep extra data, which changes nothing', async () => {
    const text = formatReceipt({ ...parseReceipt(receipt), extra: utf8('anything') });
    expect(text.split('\n')[1]).toBe(`extra ${btoa('anything')}`);
    expect(parseReceipt(text).extra).toEqual(utf8('anything'));
    expect((await verify(text)).index).toBe(299);
  });

  it('show no other entry, and nothing with any bit flipped', async () => {
    await expect(verify(receipt, utf8('298'))).rejects.toThrow('not at index 299');
    const bytes = utf8(receipt);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      await expect(verify(flipBit(bytes, bit))).rejects.toThrow();
    }
  });

  const replaced = (from: string | RegExp, to: string) => receipt.replace(from, to);
  it.each([
    ['another version', replaced('proof@v1', 'proof@v2')],
    ['no index', replaced('index 299\n', '')],
    ['a leading zero', replaced('index 299', 'index 0299')],
    ['an index of 2^53', replaced('index 299', 'index 9007199254740992')],
    ['two index lines', replaced('index 299\n', 'index 299\nindex 299\n')],
    ['extra after the index', replaced('index 299\n', 'index 299\nextra AAAA\n')],
    ['extra that is no base64', replaced('index', 'extra ?\nindex')],
    ['a short hash', replaced('index 299\n', 'index 299\nAAAA\n')],
    ['too many hashes', replaced('index 299\n', `index 299\n${`${root64}\n`.repeat(60)}`)],
    ['no checkpoint', receipt.slice(0, receipt.indexOf('\n\n') + 2)],
    ['no blank line', 'c2sp.org/tlog-proof@v1\nindex 0\n'],
    ['carriage returns', receipt.replaceAll('\n', '\r\n')],
    ['nothing', ''],
  ])('are refused with %s', (_, text) => {
    expect(text).not.toBe(receipt);
    expect(() => parseReceipt(text)).toThrow(LedgerFormatError);
  });

  it('are not written with a short hash or a checkpoint that is none', () => {
    const good = parseReceipt(receipt);
    expect(() => formatReceipt({ ...good, proof: [new Uint8Array(5)] })).toThrow(LedgerFormatError);
    expect(() => formatReceipt({ ...good, checkpoint: 'x' })).toThrow(LedgerFormatError);
    expect(() => formatReceipt({ ...good, index: -1 })).toThrow(RangeError);
  });
});
