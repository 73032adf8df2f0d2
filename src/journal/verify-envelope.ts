import type { Envelope } from '../domain/ledger/envelope.ts';
import { parseEnvelope } from '../domain/ledger/envelope.ts';
import { parseInstant } from '../domain/schedule/instant.ts';

/** An envelope with the parts that verification compares one by one. */
export interface ReadEnvelope {
  readonly eventId: string;
  readonly streamType: string;
  readonly streamId: string;
  readonly version: number;
  readonly type: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly actorId: string;
  /** 64 lower-case hexadecimal digits. */
  readonly commitment: string;
}

// What RFC 8785 makes of an envelope whose texts need no escaping: keys in this order, no space. It
// reads a third of a million a second where parsing and writing again reads thirty thousand.
const TEXT = '([!#-?A-[\\]-~]{1,200})';
const CANONICAL = new RegExp(
  `^\\{"actor_id":"${TEXT}","at":"(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z)",` +
    `"event_id":"${TEXT}","payload_commitment":"([0-9a-f]{64})",` +
    `"stream":"([a-z][a-z_-]{0,49}):${TEXT}","type":"([A-Za-z][A-Za-z0-9._-]{0,99})",` +
    '"v":1,"version":([1-9]\\d{0,14})\\}$',
);

/**
 * Reads an envelope as strictly as `parseEnvelope`, which decides where the fast way does not apply.
 *
 * @param text its bytes, one character for each.
 * @throws LedgerFormatError where the bytes are not an envelope in its canonical form.
 */
export function readEnvelope(text: string): ReadEnvelope {
  const match = CANONICAL.exec(text) as readonly string[] | null;
  if (!match) return parts(parseEnvelope(Buffer.from(text, 'latin1')));
  const [, actorId, time, eventId, commitment, streamType, streamId, type, version] =
    match as readonly [string, string, string, string, string, string, string, string, string];
  const at = instantOf(time);
  if (at === undefined) return parts(parseEnvelope(Buffer.from(text, 'latin1')));
  return { eventId, streamType, streamId, version: Number(version), type, at, actorId, commitment };
}

let lastTime = '';
let lastInstant: number | undefined;

/** Events of one command have one time. */
function instantOf(time: string): number | undefined {
  if (time !== lastTime) {
    lastInstant = parseInstant(time);
    lastTime = time;
  }
  return lastInstant;
}

function parts(envelope: Envelope): ReadEnvelope {
  const { event_id, stream, version, type, at, actor_id, payload_commitment } = envelope;
  const colon = stream.indexOf(':');
  return {
    eventId: event_id,
    streamType: stream.slice(0, colon),
    streamId: stream.slice(colon + 1),
    version,
    type,
    at: parseInstant(at) ?? 0,
    actorId: actor_id,
    commitment: payload_commitment,
  };
}
