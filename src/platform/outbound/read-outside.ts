import type { IncomingMessage } from 'node:http';
import {
  askOutside,
  OutsideFailure,
  type OutsideRequest,
  type OutsideRules,
  refused,
} from './ask-outside.ts';

/** How far reading outside may go. */
export interface OutsideLimits {
  /** Largest body. */
  readonly bytes: number;
  /** For all of it, name, redirects and body. */
  readonly milliseconds: number;
}

/** What reading outside goes by. */
export interface ReadingRules extends OutsideRules {
  readonly limits: OutsideLimits;
}

/** An answer after the last redirect, its body still to be read. */
export interface OutsideAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** As it was sent. Throws an {@link OutsideFailure} beyond the limits. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the connection; the body need not be read. */
  close(): void;
}

const MOST_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const REQUEST = { method: 'GET', headers: { accept: '*/*' } };

/**
 * GETs what people have written a link to. Each hop is checked as {@link askOutside} does; no credential
 * goes with it.
 *
 * @throws OutsideFailure
 */
export async function readOutside(
  link: string,
  rules: ReadingRules,
  signal: AbortSignal,
): Promise<OutsideAnswer> {
  const { milliseconds } = rules.limits;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
  let url = parsed(link);
  try {
    for (let redirects = 0; ; redirects += 1) {
      const answer = await askOutside(url, REQUEST, rules, limited);
      const { statusCode: status = 0, headers } = answer;
      if (!REDIRECTS.has(status) || headers.location === undefined) {
        return opened(answer, rules.limits, limited);
      }
      answer.destroy();
      if (redirects === MOST_REDIRECTS)
        throw refused(`redirects more than ${MOST_REDIRECTS} times`);
      url = parsed(headers.location, url);
    }
  } catch (error) {
    throw failureOf(error, limited, milliseconds);
  }
}

/**
 * Sends one request to an address that an administrator has set, at any port, checked as
 * {@link askOutside} does. A redirect is an answer like any other.
 *
 * @throws OutsideFailure
 */
export async function sendOutside(
  address: string,
  request: OutsideRequest,
  rules: ReadingRules,
  signal: AbortSignal,
): Promise<OutsideAnswer> {
  const { limits } = rules;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(limits.milliseconds)]);
  try {
    const answer = await askOutside(parsed(address), request, { ...rules, anyPort: true }, limited);
    return opened(answer, limits, limited);
  } catch (error) {
    throw failureOf(error, limited, limits.milliseconds);
  }
}

function parsed(link: string, base?: URL): URL {
  const url = URL.parse(link, base?.href);
  if (!url) throw refused('is no URL');
  return url;
}

function opened(
  answer: IncomingMessage,
  { bytes, milliseconds }: OutsideLimits,
  signal: AbortSignal,
): OutsideAnswer {
  const tooLarge = () => refused(`has more than ${Math.floor(bytes / 1024 / 1024)} MB`);
  const body = async function* () {
    let size = 0;
    try {
      if (Number(answer.headers['content-length'] ?? 0) > bytes) throw tooLarge();
      for await (const piece of answer as AsyncIterable<Uint8Array>) {
        size += piece.length;
        if (size > bytes) throw tooLarge();
        yield piece;
      }
    } catch (error) {
      throw failureOf(error, signal, milliseconds);
    } finally {
      answer.destroy();
    }
  };
  const { statusCode: status = 0, headers } = answer;
  return { status, headers, body: body(), close: () => answer.destroy() };
}

/** Codes alone: messages of the network name addresses, and those of a server may say anything. */
function failureOf(error: unknown, signal: AbortSignal, milliseconds: number): OutsideFailure {
  if (error instanceof OutsideFailure) return error;
  const failed = (message: string) => new OutsideFailure(message, { isFinal: false });
  if (signal.aborted) {
    const isLate = (signal.reason as Error | undefined)?.name === 'TimeoutError';
    return failed(isLate ? `did not come whole within ${milliseconds / 1_000} s` : 'was given up');
  }
  const { code } = error as { code?: unknown };
  if (code === 'ENOTFOUND') return failed('has a name that is not known (ENOTFOUND)');
  if (code === 'ECONNREFUSED') return failed('is where nobody listens (ECONNREFUSED)');
  return failed(`could not be read (${typeof code === 'string' ? code : 'broken off'})`);
}
