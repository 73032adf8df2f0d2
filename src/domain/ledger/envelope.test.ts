import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canonicalBytes, canonicalJson } from './canonical.ts';
import { type Envelope, encodeEnvelope, parseEnvelope, payloadCommitment } from './envelope.ts';
import { LedgerFormatError } from './format-error.ts';
import { leafHash } from './hash.ts';
import { flipBit, nodeSha256 } from './log.fixture.ts';

const vectors = JSON.parse(
  readFileSync(new URL('../../../test/vectors/envelope.json', import.meta.url), 'utf8'),
);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const utf8 = (text: string) => new TextEncoder().encode(text);
const valid: Envelope = vectors.cases[0].envelope;

describe('envelopes', () => {
  it.each<EnvelopeVector>(vectors.cases)('keep the golden bytes of $envelope.type', (vector) => {
    const salt = Uint8Array.from(Buffer.from(vector.saltHex, 'hex'));
    expect(canonicalJson(vector.payload)).toBe(vector.canonicalPayload);
    const commitment = payloadCommitment(salt, canonicalBytes(vector.payload), nodeSha256);
    expect(commitment).toBe(vector.envelope.payload_commitment);
    const bytes = encodeEnvelope(vector.envelope);
    expect(new TextDecoder().decode(bytes)).toBe(vector.entry);
    expect(hex(leafHash(bytes))).toBe(vector.leafHashHex);
    expect(parseEnvelope(bytes)).toEqual(vector.envelope);
  });

  it.each<[string, Record<string, unknown>]>([
    ['another format version', { v: 2 }],
    ['no event id', { event_id: '' }],
    ['an event id with a space', { event_id: 'a b' }],
    ['a stream without type', { stream: ':x' }],
    ['a stream without id', { stream: 'exception:' }],
    ['version 0', { version: 0 }],
    ['a fractional version', { version: 1.5 }],
    ['a version as text', { version: '1' }],
    ['a type with a space', { type: 'Exception Submitted' }],
    ['an instant without milliseconds', { at: '2026-01-31T09:00:00Z' }],
    ['an instant with an offset', { at: '2026-01-31T09:00:00.000+00:00' }],
    ['a day that does not exist', { at: '2026-02-29T09:00:00.000Z' }],
    ['an e-mail address as actor', { actor_id: 'jane@example.com' }],
    ['a name as actor', { actor_id: 'Jane Doe' }],
    ['a commitment in upper case', { payload_commitment: 'A'.repeat(64) }],
    ['a commitment cut short', { payload_commitment: 'a'.repeat(62) }],
    ['an unknown key', { title: 'x' }],
    ['an unknown key of every object', { toString: 'x' }],
    ['a missing key', { at: undefined }],
  ])('refuse %s', (_, change) => {
    const changed = JSON.stringify({ ...valid, ...change });
    expect(() => encodeEnvelope(JSON.parse(changed))).toThrow(LedgerFormatError);
    expect(() => parseEnvelope(utf8(changed))).toThrow(LedgerFormatError);
  });

  it('are read from their canonical bytes alone', () => {
    const bytes = encodeEnvelope(valid);
    const text = new TextDecoder().decode(bytes);
    const others = [
      ` ${text}`,
      `${text}\n`,
      `\ufeff${text}`,
      text.replace('"v":1', '"v":1,"v":1'),
      text.replace('"v":1', '"v":1.0'),
      text.replace('"v":1', '"v":01'),
      text.replace('exception', '\\u0065xception'),
      JSON.stringify(Object.fromEntries(Object.entries(valid).reverse())),
      text.slice(0, -1),
      'null',
      '[]',
      '"x"',
      '',
    ];
    for (const other of others) {
      if (other === text) throw new Error('not another spelling');
      expect(() => parseEnvelope(utf8(other)), other).toThrow(LedgerFormatError);
    }
    expect(() => parseEnvelope(Uint8Array.of(0xff))).toThrow('UTF-8');
  });

  it('never read two spellings as one: any flipped bit is refused or another envelope', () => {
    const bytes = encodeEnvelope(valid);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      try {
        expect(parseEnvelope(flipBit(bytes, bit))).not.toEqual(valid);
      } catch (error) {
        expect(error).toBeInstanceOf(LedgerFormatError);
      }
    }
  });
});

describe('payload commitments', () => {
  it('depend on every bit of salt and payload', () => {
    const salt = new Uint8Array(32);
    const payload = utf8('{}');
    const commitment = payloadCommitment(salt, payload);
    expect(commitment).toMatch(/^[0-9a-f]{64}$/);
    expect(payloadCommitment(flipBit(salt, 255), payload)).not.toBe(commitment);
    expect(payloadCommitment(salt, flipBit(payload, 0))).not.toBe(commitment);
  });

  it('refuse another salt length', () => {
    expect(() => payloadCommitment(new Uint8Array(31), utf8('{}'))).toThrow(RangeError);
  });
});

interface EnvelopeVector {
  payload: unknown;
  saltHex: string;
  canonicalPayload: string;
  envelope: Envelope;
  entry: string;
  leafHashHex: string;
}
