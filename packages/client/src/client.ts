import createClient, { type Client, type Middleware } from 'openapi-fetch';
import { innermost, LapseProblem, LapseUnreachable } from './problem.ts';
import type { paths } from './schema.gen.ts';

/** How to reach a server. */
export interface LapseClientOptions {
  /** Such as `http://localhost:7400`. */
  readonly url: string;
  /** `lapse_…`, or a platform's token of a workload. */
  readonly token?: string | undefined;
  /** The tenant's id, for a workload whose token names none. */
  readonly tenant?: string | undefined;
  /** Another `fetch`, for tests. */
  readonly fetch?: typeof globalThis.fetch;
  /** Waits so many seconds, as the server asks before it answers a read; silently unless given. */
  readonly wait?: (seconds: number) => Promise<void>;
}

/**
 * The typed API. Refusals are thrown as `LapseProblem`, an unreachable server as
 * `LapseUnreachable`; what changes something carries an idempotency key and is sent once more where
 * the connection breaks, so that nothing happens twice. A read that comes too often is repeated when
 * the server says that it would pass.
 */
export interface LapseClient extends Client<paths> {
  /**
   * A request whose body or answer is a stream. `body` is asked for again where the request has to
   * be repeated.
   */
  send(path: string, request?: StreamedRequest): Promise<Response>;
}

/** A request outside the typed ones. */
export interface StreamedRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: () => NonNullable<RequestInit['body']>;
}

/** Makes a client; nothing is sent until it is used. */
export function createLapseClient({
  url,
  token,
  tenant,
  fetch,
  wait = sleep,
}: LapseClientOptions): LapseClient {
  const base = url.replace(/\/+$/, '');
  const send = fetch ?? globalThis.fetch;
  const identify = (headers: Headers, method: string) => {
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    if (tenant !== undefined) headers.set('lapse-tenant', tenant);
    if (method !== 'GET' && !headers.has('idempotency-key')) {
      headers.set('idempotency-key', crypto.randomUUID());
    }
  };
  const middleware: Middleware = {
    onRequest({ request }) {
      identify(request.headers, request.method);
    },
    onResponse: async ({ response }) => accepted(base, response),
  };
  const client = createClient<paths>({
    baseUrl: base,
    // The body of a request can be read once, so the first attempt gets a copy.
    fetch: (request) =>
      patient(request.method, wait, (mayComeAgain) =>
        sentAgain(base, (isLast) =>
          send(isLast && !mayComeAgain ? request : (request.clone() as Request)),
        ),
      ),
  });
  client.use(middleware);
  return Object.assign(client, {
    async send(path: string, { method = 'GET', headers, body }: StreamedRequest = {}) {
      const sent = new Headers(headers);
      identify(sent, method);
      const request = () => ({
        method,
        headers: sent,
        ...(body ? { body: body(), duplex: 'half' as const } : {}),
      });
      const answer = await patient(method, wait, () =>
        sentAgain(base, () => send(`${base}${path}`, request())),
      );
      return accepted(base, answer);
    },
  });
}

/** What a typed request answered. */
export async function dataOf<T>(answer: Promise<{ readonly data?: T }>): Promise<NonNullable<T>> {
  const { data } = await answer;
  if (data === undefined || data === null) throw new Error('the server answered without a body');
  return data;
}

/**
 * What a typed request answered, and the server's time at which that held (its `Date`) in epoch
 * milliseconds; NaN where the answer has none.
 */
export async function timedDataOf<T>(
  answer: Promise<{ readonly data?: T; readonly response: Response }>,
): Promise<{ readonly data: NonNullable<T>; readonly now: number }> {
  const data = await dataOf(answer);
  const { response } = await answer;
  return { data, now: Date.parse(response.headers.get('date') ?? '') };
}

async function accepted(base: string, response: Response): Promise<Response> {
  if (response.ok) {
    const isPage = response.headers.get('content-type')?.startsWith('text/html');
    if (!isPage) return response;
    throw new LapseUnreachable(base, new Error('a web page answers there, and not Lapse'));
  }
  const text = await response.text();
  throw new LapseProblem(response.status, parsed(text));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const TRIES = 3;
/** In seconds: who should wait longer than this is told so instead. */
const LONGEST_WAIT = 120;

/** Repeats a read that the server answers with 429 once it is time (RFC 9110 section 10.2.3). */
async function patient(
  method: string,
  wait: (seconds: number) => Promise<void>,
  attempt: (mayComeAgain: boolean) => Promise<Response>,
): Promise<Response> {
  for (let left = TRIES - 1; ; left -= 1) {
    const mayComeAgain = method === 'GET' && left > 0;
    const answer = await attempt(mayComeAgain);
    const seconds = Number(answer.headers.get('retry-after') || Number.NaN);
    if (answer.status !== 429 || !mayComeAgain || !(seconds <= LONGEST_WAIT)) return answer;
    await answer.body?.cancel();
    await wait(Math.max(0, seconds));
  }
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}

/** The connection broke: the server may or may not have done what it was asked. */
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

async function sentAgain(
  url: string,
  attempt: (isLast: boolean) => Promise<Response>,
): Promise<Response> {
  try {
    return await attempt(false);
  } catch (error) {
    if (!BROKEN.has(innermost(error).code ?? '')) throw new LapseUnreachable(url, error);
  }
  try {
    return await attempt(true);
  } catch (error) {
    throw new LapseUnreachable(url, error);
  }
}
