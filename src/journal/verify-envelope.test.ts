import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeEnvelope, parseEnvelope } from '../domain/ledger/envelope.ts';
import { formatInstant } from '../domain/schedule/instant.ts';
import { readEnvelope } from './verify-envelope.ts';

const printable = (from: number, to: number) =>
  fc.integer({ min: from, max: to }).map((code) => String.fromCharCode(code));
/** What an envelope's texts may hold, characters that JSON escapes among them. */
const idText = fc.string({
  unit: fc.oneof(printable(0x21, 0x3f), printable(0x41, 0x7e)),
  minLength: 1,
  maxLength: 200,
});
const name = fc.stringMatching(/^[a-z][a-z_-]{0,49}$/);
const envelope = fc.record({
  v: fc.constant(1 as const),
  event_id: idText,
  stream: fc.tuple(name, idText).map((parts) => parts.join(':')),
  version: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  type: fc.stringMatching(/^[A-Za-z][A-Za-z0-9._-]{0,99}$/),
  at: fc.integer({ min: 0, max: 253_402_300_799_999 }).map(formatInstant),
  actor_id: idText,
  payload_commitment: fc.stringMatching(/^[0-9a-f]{64}$/),
});

function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return (error as Error).name;
  }
}

/** What the strict parser makes of the same bytes, in the form of the fast one. */
function strictly(bytes: Buffer): unknown {
  return outcome(() => {
    const { event_id, stream, version, type, at, actor_id, payload_commitment } =
      parseEnvelope(bytes);
    const [streamType, ...rest] = stream.split(':');
    return {
      eventId: event_id,
      streamType,
      streamId: rest.join(':'),
      version,
      type,
      at: Date.parse(at),
      actorId: actor_id,
      commitment: payload_commitment,
    };
  });
}

describe('reading an envelope fast', () => {
  test('gives what the strict parser gives', () => {
    fc.assert(
      fc.property(envelope, (value) => {
        const bytes = Buffer.from(encodeEnvelope(value));
        expect(readEnvelope(bytes.toString('latin1'))).toEqual(strictly(bytes));
      }),
    );
  });

  test('refuses whatever the strict parser refuses', () => {
    const change = fc.record({
      at: fc.nat(),
      byte: fc.integer({ min: 0, max: 255 }),
      cut: fc.nat(2),
    });
    fc.assert(
      fc.property(envelope, change, (value, { at, byte, cut }) => {
        const bytes = Buffer.from(encodeEnvelope(value));
        bytes[at % bytes.length] = byte;
        const changed = bytes.subarray(0, bytes.length - cut);
        expect(outcome(() => readEnvelope(changed.toString('latin1')))).toEqual(strictly(changed));
      }),
      { numRuns: 1_000 },
    );
  });

  test('refuses times that no calendar has', () => {
    const template = {
      v: 1,
      stream: 's:1',
      version: 1,
      type: 'T',
      payload_commitment: 'a'.repeat(64),
    };
    const ids = { event_id: 'e', actor_id: 'a' };
    for (const at of [
      '2026-02-30T00:00:00.000Z',
      '2026-01-01T24:00:00.000Z',
      '1969-12-31T23:59:59.999Z',
    ]) {
      const sorted = Object.entries({ ...template, ...ids, at }).sort(([a], [b]) =>
        a < b ? -1 : 1,
      );
      const bytes = Buffer.from(JSON.stringify(Object.fromEntries(sorted)));
      expect(() => readEnvelope(bytes.toString('latin1'))).toThrow('at is missing or malformed');
    }
  });
});
