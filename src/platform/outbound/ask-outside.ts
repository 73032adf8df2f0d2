import { type LookupAddress, lookup } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { promisify } from 'node:util';
import { addressRefusal } from './address-rules.ts';

/** A host that the operator lets Lapse ask, wherever it lies and at this port too. */
export interface ListedHost {
  /** Lower case; an address in brackets where it is IPv6, as URLs have it. */
  readonly host: string;
  /** 80 and 443 where none is named. */
  readonly port: number | undefined;
}

/** Where may be asked. */
export interface OutsideRules {
  readonly listed: readonly ListedHost[];
  /** Whether a public host may be asked at any port, and not at 80 and 443 alone. */
  readonly anyPort?: boolean;
  /** All addresses of a name; the system's resolver unless given. */
  readonly resolve?: (host: string) => Promise<readonly LookupAddress[]>;
}

/** What is sent. */
export interface OutsideRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
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

const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };
// Of its own: the global agents may be told by the environment to use a proxy.
const AGENTS = {
  'http:': new HttpAgent({ keepAlive: false }),
  'https:': new HttpsAgent({ keepAlive: false }),
};
const resolveAll = promisify(lookup);

/**
 * Sends one request outside, so that it cannot be turned against the network that the server stands in:
 * scheme, credentials, port, and every address that the name has are checked; it is connected to one of
 * the addresses that were checked, since nothing resolves the name again. No cookie or proxy goes with
 * it, and no redirect is followed. Never called inside a database transaction.
 *
 * @throws OutsideFailure of a place that may not be asked; errors of the network as they are
 */
export async function askOutside(
  url: URL,
  { method, headers, body }: OutsideRequest,
  rules: OutsideRules,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const isListed = checkedPlace(url, rules);
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
    method,
    headers: { ...headers, 'accept-encoding': 'identity', 'user-agent': 'Lapse' },
    lookup: answering(addresses),
    rejectUnauthorized: true,
    signal,
  };
  return new Promise((resolve, reject) => {
    const request = (scheme === 'https:' ? httpsRequest : httpRequest)(url, options, resolve);
    request.on('error', reject).end(body);
  });
}

/** Refuses what may not be asked at all; answers whether the operator has listed the host. */
function checkedPlace(url: URL, { listed, anyPort = false }: OutsideRules): boolean {
  const usual = PORTS[url.protocol];
  if (usual === undefined) throw refused(`is ${url.protocol} and not http: or https:`);
  if (url.username !== '' || url.password !== '') throw refused('has credentials in it');
  const port = url.port === '' ? usual : Number(url.port);
  const isUsual = port === 80 || port === 443;
  const isListed = listed.some(
    (one) => one.host === url.hostname && (one.port === undefined ? isUsual : one.port === port),
  );
  if (isListed || isUsual || anyPort) return isListed;
  throw refused(
    `is on port ${port}; ${url.hostname}:${port} would have to be in LAPSE_INSIDE_HOSTS`,
  );
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

/** What another attempt would come to as well. */
export function refused(message: string): OutsideFailure {
  return new OutsideFailure(message, { isFinal: true });
}
