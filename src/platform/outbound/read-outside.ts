import { type LookupAddress, lookup } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { promisify } from 'node:util';
import { addressRefusal } from './address-rules.ts';

/** A host that the operator lets Lapse read from, wherever it lies and at this port too. */
export interface ListedHost {
  /** Lower case; an address in brackets where it is IPv6, as URLs have it. */
  readonly host: string;
  /** 80 and 443 where none is named. */
  readonly port: number | undefined;
}

/** How far reading outside may go. */
export interface OutsideLimits {
  /** Largest body. */
  readonly bytes: number;
  /** For all of it, name, redirects and body. */
  readonly milliseconds: number;
}

/** What reading outside goes by. */
export interface OutsideRules {
  readonly listed: readonly ListedHost[];
  readonly limits: OutsideLimits;
  /** All addresses of a name; the system's resolver unless given. */
  readonly resolve?: (host: string) => Promise<readonly LookupAddress[]>;
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

/** Why something outside could not be read. */
export class OutsideFailure extends Error {
  override readonly name = 'OutsideFailure';
  /** Another attempt would come to the same. */
  readonly isFinal: boolean;

  constructor(message: string, { isFinal }: { readonly isFinal: boolean }) {
    super(message);
    this.isFinal = isFinal;
  }
}

const MOST_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };
// Of its own: the global agents may be told by the environment to use a proxy.
const AGENTS = {
  'http:': new HttpAgent({ keepAlive: false }),
  'https:': new HttpsAgent({ keepAlive: false }),
};
const resolveAll = promisify(lookup);

/**
 * GETs what people have written a link to, so that it cannot be turned against the network that the
 * server stands in. Each hop is checked: scheme, credentials, port, and every address that the name
 * has; it is connected to one of the addresses that were checked, since nothing resolves the name
 * again. No cookie, credential or proxy goes with it. Never called inside a database transaction.
 *
 * @throws OutsideFailure
 */
export async function readOutside(
  link: string,
  rules: OutsideRules,
  signal: AbortSignal,
): Promise<OutsideAnswer> {
  const { milliseconds } = rules.limits;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
  let url = parsed(link);
  try {
    for (let redirects = 0; ; redirects += 1) {
      const answer = await send(url, rules, limited);
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

function parsed(link: string, base?: URL): URL {
  const url = URL.parse(link, base?.href);
  if (!url) throw refused('is no URL');
  return url;
}

async function send(url: URL, rules: OutsideRules, signal: AbortSignal): Promise<IncomingMessage> {
  const isListed = checkedPlace(url, rules.listed);
  const scheme = url.protocol as keyof typeof AGENTS;
  const literal = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const addresses = isIP(literal)
    ? [{ address: literal, family: isIP(literal) }]
    : await checkable(rules.resolve ?? resolveName, literal, signal);
  for (const { address } of addresses) {
    const refusal = addressRefusal(address, isListed);
    if (refusal) throw refused(`leads to ${address}, which is ${refusal}`);
  }
  const options = {
    agent: AGENTS[scheme],
    method: 'GET',
    headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'Lapse' },
    lookup: answering(addresses),
    rejectUnauthorized: true,
    signal,
  };
  return new Promise((resolve, reject) => {
    const request = (scheme === 'https:' ? httpsRequest : httpRequest)(url, options, resolve);
    request.on('error', reject).end();
  });
}

/** Refuses what may not be asked at all; answers whether the operator has listed the host. */
function checkedPlace(url: URL, listed: readonly ListedHost[]): boolean {
  const usual = PORTS[url.protocol];
  if (usual === undefined) throw refused(`is ${url.protocol} and not http: or https:`);
  if (url.username !== '' || url.password !== '') throw refused('has credentials in it');
  const port = url.port === '' ? usual : Number(url.port);
  const isUsual = port === 80 || port === 443;
  const isListed = listed.some(
    (one) => one.host === url.hostname && (one.port === undefined ? isUsual : one.port === port),
  );
  if (isListed || isUsual) return isListed;
  throw refused(`is on port ${port}; ${url.hostname}:${port} would have to be in LAPSE_LINK_HOSTS`);
}

function resolveName(host: string): Promise<readonly LookupAddress[]> {
  return resolveAll(host, { all: true, verbatim: true });
}

/** The addresses of a name, in time or not at all: a resolver cannot be told to stop. */
async function checkable(
  resolve: NonNullable<OutsideRules['resolve']>,
  host: string,
  signal: AbortSignal,
): Promise<readonly LookupAddress[]> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop);
  try {
    const addresses = await Promise.race([resolve(host), promise]);
    if (addresses.length > 0) return addresses;
    throw new OutsideFailure('has a name without an address', { isFinal: false });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Connects to what was checked, in place of asking for the name once more. */
function answering(addresses: readonly LookupAddress[]): LookupFunction {
  return (_, options, callback) => {
    const [first] = addresses;
    if (options.all) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family);
  };
}

function opened(
  answer: IncomingMessage,
  { bytes, milliseconds }: OutsideLimits,
  signal: AbortSignal,
): OutsideAnswer {
  const tooLarge = () => refused(`has more than ${Math.floor(bytes / 1024 / 1024)} MB`);
  if (Number(answer.headers['content-length'] ?? 0) > bytes) {
    answer.destroy();
    throw tooLarge();
  }
  const body = async function* () {
    let size = 0;
    try {
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

function refused(message: string): OutsideFailure {
  return new OutsideFailure(message, { isFinal: true });
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
