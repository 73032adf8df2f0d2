import type { IncomingMessage } from 'node:http';
import { askOutside, type OutsideRules } from '../../platform/outbound/ask-outside.ts';

/** Where a provider may lie, how much it may answer with, in bytes, and how long it may take, in milliseconds. */
export interface FetchRules extends Omit<OutsideRules, 'anyPort'> {
  readonly bytes: number;
  readonly time: number;
}

export const LIMITS = { bytes: 1_000_000, time: 8_000 };

/** Statuses whose answers have no body (Fetch Standard, null body status). */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * `fetch` for a provider of sign-in: checked as {@link askOutside} does, at any port, since administrators
 * say where it is; it waits and reads only so much, and follows nothing. An answer that is too large fails
 * while it is read.
 */
export function boundedFetch(rules: FetchRules): typeof fetch {
  return async (url, options = {}) => {
    const end = AbortSignal.timeout(rules.time);
    const signal = options.signal ? AbortSignal.any([options.signal, end]) : end;
    const sent = new Request(url, options);
    const body = new Uint8Array(await sent.arrayBuffer());
    const asked = { method: sent.method, headers: Object.fromEntries(sent.headers), body };
    try {
      const place = new URL(sent.url);
      const answer = await askOutside(place, asked, { ...rules, anyPort: true }, signal);
      return responseOf(answer, rules.bytes, signal);
    } catch (error) {
      throw failureOf(error, signal);
    }
  };
}

function responseOf(answer: IncomingMessage, bytes: number, signal: AbortSignal): Response {
  const { statusCode: status = 0, headers } = answer;
  const given = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, one]),
  );
  if (WITHOUT_BODY.has(status)) {
    answer.resume();
    return new Response(null, { status, headers: given });
  }
  return new Response(ReadableStream.from(bounded(answer, bytes, signal)), {
    status,
    headers: given,
  });
}

async function* bounded(answer: IncomingMessage, bytes: number, signal: AbortSignal) {
  let read = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Uint8Array>) {
      read += chunk.length;
      if (read > bytes) throw new AnswerTooLarge(bytes);
      yield chunk;
    }
  } catch (error) {
    throw failureOf(error, signal);
  } finally {
    answer.destroy();
  }
}

/** As `fetch` fails: too late, or not at all. */
function failureOf(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof AnswerTooLarge) return error;
  return signal.aborted ? signal.reason : new TypeError('fetch failed', { cause: error });
}

/** An answer of more bytes than are read. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';

  constructor(bytes: number) {
    super(`the answer has more than ${bytes} bytes`);
  }
}
