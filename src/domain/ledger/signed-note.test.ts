import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LedgerFormatError } from './format-error.ts';
import { flipBit, nodeVerifyEd25519, signerOf } from './log.fixture.ts';
import { LedgerVerificationError, openNote } from './note-verification.ts';
import { formatSignedNote, MAX_NOTE_SIGNATURES, parseSignedNote, signNote } from './signed-note.ts';
import { formatVerifierKey, parseVerifierKey } from './verifier-key.ts';

const { goNote } = JSON.parse(
  readFileSync(new URL('../../../test/vectors/checkpoint.json', import.meta.url), 'utf8'),
);
const alice = signerOf('alice.example', new Uint8Array(32).fill(1));
const bob = signerOf('bob.example', new Uint8Array(32).fill(2));
const aliceKey = { name: 'alice.example', keyId: alice.signer.keyId, publicKey: alice.publicKey };
const bobKey = { name: 'bob.example', keyId: bob.signer.keyId, publicKey: bob.publicKey };

describe('signed notes', () => {
  it('open the example of the Go implementation', async () => {
    const key = parseVerifierKey(goNote.verifierKey);
    const opened = await openNote(goNote.note, [key], nodeVerifyEd25519);
    expect(opened.text).toMatch(/^If you think cryptography .*\n.*problem is\.\n$/);
    expect(formatVerifierKey(key.name, key.publicKey)).toBe(goNote.verifierKey);
    expect(formatSignedNote(parseSignedNote(goNote.note))).toBe(goNote.note);
  });

  it('open with WebCrypto too', async () => {
    const key = parseVerifierKey(goNote.verifierKey);
    const webVerify = async (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => {
      const imported = await crypto.subtle.importKey(
        'raw',
        Uint8Array.from(publicKey),
        'Ed25519',
        false,
        ['verify'],
      );
      const [sig, data] = [Uint8Array.from(signature), Uint8Array.from(message)];
      return crypto.subtle.verify('Ed25519', imported, sig, data);
    };
    expect((await openNote(goNote.note, [key], webVerify)).signedBy).toEqual([key]);
  });

  it('keep any text that ends in a newline, and its signatures', async () => {
    const line = fc.string({ unit: 'grapheme' }).map((s) => s.replace(/\p{Cc}/gu, ''));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1 }), async (lines) => {
        const text = `${lines.join('\n')}\n`;
        const note = await signNote(text, [alice.signer, bob.signer]);
        const parsed = parseSignedNote(new TextEncoder().encode(note));
        expect(parsed.text).toBe(text);
        expect(formatSignedNote(parsed)).toBe(note);
        const opened = await openNote(note, [bobKey, aliceKey], nodeVerifyEd25519);
        expect(opened).toEqual({ text, signedBy: [aliceKey, bobKey] });
      }),
      { numRuns: 40 },
    );
  });

  it('do not open with any bit flipped', async () => {
    const bytes = new TextEncoder().encode(await signNote('a text\n', [alice.signer]));
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      await expect(openNote(flipBit(bytes, bit), [aliceKey], nodeVerifyEd25519)).rejects.toThrow();
    }
  });

  it('ignore unknown keys, even with the name or the id of a known one', async () => {
    const note = await signNote('a text\n', [alice.signer, bob.signer]);
    const opened = await openNote(note, [aliceKey], nodeVerifyEd25519);
    expect(opened.signedBy).toEqual([aliceKey]);
    const renamed = { ...bob.signer, name: alice.signer.name };
    const sameId = { ...bob.signer, keyId: alice.signer.keyId };
    const mixed = await signNote('a text\n', [renamed, sameId, alice.signer, alice.signer]);
    expect((await openNote(mixed, [aliceKey], nodeVerifyEd25519)).signedBy).toEqual([aliceKey]);
  });

  it('do not open without a known key, or with a wrong signature by one', async () => {
    const note = await signNote('a text\n', [alice.signer]);
    await expect(openNote(note, [bobKey], nodeVerifyEd25519)).rejects.toThrow('no known key');
    await expect(openNote(note, [], nodeVerifyEd25519)).rejects.toThrow(LedgerVerificationError);
    const impostor = { ...bob.signer, name: alice.signer.name, keyId: alice.signer.keyId };
    const forged = await signNote('a text\n', [bob.signer, impostor]);
    const opening = openNote(forged, [aliceKey, bobKey], nodeVerifyEd25519);
    await expect(opening).rejects.toThrow('by alice.example is not valid');
    const short = { ...alice.signer, sign: async () => new Uint8Array(63) };
    const cut = await signNote('a text\n', [short]);
    const neverAsked = () => {
      throw new Error('asked');
    };
    await expect(openNote(cut, [aliceKey], neverAsked)).rejects.toThrow('is not valid');
  });

  const line = '\u2014 a AAAAAAE=\n';
  it.each([
    ['nothing', ''],
    ['no blank line', `text\n${line}`],
    ['no signature', 'text\n\n'],
    ['no final newline', `text\n\n${line.trimEnd()}`],
    ['a blank line after the signatures', `text\n\n${line}\n`],
    ['a hyphen for the em dash', 'text\n\n- a AAAAAAE=\n'],
    ['no name', 'text\n\n\u2014 AAAAAAE=\n'],
    ['an empty name', 'text\n\n\u2014  AAAAAAE=\n'],
    ['a plus in the name', 'text\n\n\u2014 a+b AAAAAAE=\n'],
    ['a no-break space in the name', 'text\n\n\u2014 a\u00a0b AAAAAAE=\n'],
    ['a third field', 'text\n\n\u2014 a AAAAAAE= x\n'],
    ['bad base64', 'text\n\n\u2014 a AAAA*AE=\n'],
    ['base64 without padding', 'text\n\n\u2014 a AAAAAAE\n'],
    ['base64 with bits set in the padding', 'text\n\n\u2014 a AAAAAAF=\n'],
    ['base64url', 'text\n\n\u2014 a AAAAAA-_\n'],
    ['a key id alone', 'text\n\n\u2014 a AAAAAA==\n'],
    ['a carriage return', `text\r\n\n${line}`],
    ['a tab', `te\txt\n\n${line}`],
    ['NUL', `te\0xt\n\n${line}`],
    ['a lone surrogate', `te\ud800xt\n\n${line}`],
    ['too many signatures', `text\n\n${line.repeat(MAX_NOTE_SIGNATURES + 1)}`],
    ['a megabyte of text', `${'x'.repeat(1_000_000)}\n\n${line}`],
  ])('refuse %s', (_, note) => {
    expect(() => parseSignedNote(note)).toThrow(LedgerFormatError);
  });

  it('accept as many signatures as allowed, and refuse bytes that are not UTF-8', () => {
    const note = `text\n\n${line.repeat(MAX_NOTE_SIGNATURES)}`;
    expect(parseSignedNote(note).signatures.length).toBe(MAX_NOTE_SIGNATURES);
    expect(() => parseSignedNote(Uint8Array.of(0xe2, 0x80))).toThrow('UTF-8');
  });

  it('are not written where they would not be read back', async () => {
    const { signer } = alice;
    await expect(signNote('no newline', [signer])).rejects.toThrow(LedgerFormatError);
    await expect(signNote('two\n\nparts', [signer])).rejects.toThrow(LedgerFormatError);
    await expect(signNote('text\n', [])).rejects.toThrow(LedgerFormatError);
    await expect(signNote('te\u0007xt\n', [signer])).rejects.toThrow('control');
    await expect(signNote('text\n', [{ ...signer, name: 'a b' }])).rejects.toThrow('line');
    const keyId = new Uint8Array(5);
    await expect(signNote('text\n', [{ ...signer, keyId }])).rejects.toThrow('4 bytes');
  });
});

describe('verifier keys', () => {
  it('are read as written', () => {
    const text = formatVerifierKey('alice.example', alice.publicKey);
    expect(parseVerifierKey(text)).toEqual(aliceKey);
  });

  it('are refused with any part cut off or any character changed', () => {
    const text: string = goNote.verifierKey;
    for (let start = 0; start < text.length; start += 1) {
      for (let end = start; end <= text.length; end += 1) {
        if (end - start === text.length) continue;
        expect(() => parseVerifierKey(text.slice(start, end))).toThrow(LedgerFormatError);
      }
    }
    for (let at = 0; at < text.length; at += 1) {
      const next = String.fromCharCode(text.charCodeAt(at) + 1);
      const changed = text.slice(0, at) + next + text.slice(at + 1);
      expect(() => parseVerifierKey(changed)).toThrow(LedgerFormatError);
    }
  });

  it.each([
    [
      'of an unknown algorithm',
      'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    ],
    ['with an upper-case id', 'PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    [
      'with a space in the name',
      'Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    ],
  ])('are refused %s', (_, text) => {
    expect(() => parseVerifierKey(text)).toThrow(LedgerFormatError);
  });

  it('are not made of a key of another length or a name with a plus', () => {
    expect(() => formatVerifierKey('a', new Uint8Array(31))).toThrow(LedgerFormatError);
    expect(() => formatVerifierKey('a+b', new Uint8Array(32))).toThrow(LedgerFormatError);
  });
});
