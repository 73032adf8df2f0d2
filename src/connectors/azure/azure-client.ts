import type { TokenCredential } from '@azure/core-auth';
import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  type HttpClient,
  type HttpMethods,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';
import type { Cloud } from '../../domain/enforcement/connection.ts';

/** One of the two services of an Azure cloud. */
export type Service = 'resource-manager' | 'graph';

/** What is asked of Azure. */
export interface AzureRequest {
  readonly method: HttpMethods;
  /** With its query, below the service's address; or what a `nextLink` or `Location` says. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What Azure answers; `body` is its JSON, `undefined` where it has none. */
export interface AzureAnswer {
  readonly status: number;
  readonly body: unknown;
  header(name: string): string | undefined;
}

/** Where a simulated cloud listens, instead of the real addresses. Loopback alone. */
export type Rewriting = (url: URL) => URL;
/** How a simulated cloud is reached: at an address of its own, or inside this process. */
export type SimulatedReach = Rewriting | HttpClient;

const ADDRESSES: Readonly<Record<Cloud, Readonly<Record<Service, string>>>> = {
  public: {
    'resource-manager': 'https://management.azure.com',
    graph: 'https://graph.microsoft.com',
  },
  'us-government': {
    'resource-manager': 'https://management.usgovcloudapi.net',
    graph: 'https://graph.microsoft.us',
  },
  china: {
    'resource-manager': 'https://management.chinacloudapi.cn',
    graph: 'https://microsoftgraph.chinacloudapi.cn',
  },
  // It speaks as the public one does; only where its requests go is another place.
  simulated: {
    'resource-manager': 'https://management.azure.com',
    graph: 'https://graph.microsoft.com',
  },
};

/** Longest wait for one answer, in milliseconds. */
const TIMEOUT = 20_000;
/** Largest answer that is read, in characters: a page of Azure's lists has a few hundred kilobytes. */
const LARGEST = 20_000_000;

/**
 * One thin client of Azure Resource Manager and Microsoft Graph (reference/azure.md, facts 2 and
 * "Aiming the clients"). It makes each request once: whoever asks decides about trying again, since every
 * call has its event. Throws where there was no answer.
 */
export class AzureClient {
  readonly #addresses: Readonly<Record<Service, string>>;
  readonly #credential: TokenCredential;
  readonly #http: HttpClient;

  constructor(cloud: Cloud, credential: TokenCredential, reach?: SimulatedReach) {
    this.#addresses = ADDRESSES[cloud];
    this.#credential = credential;
    this.#http =
      typeof reach === 'function' ? rewriting(reach) : (reach ?? createDefaultHttpClient());
  }

  /** Where a service is, as what is sent to it names it. */
  addressOf(service: Service): string {
    return this.#addresses[service];
  }

  /** Asks Azure Resource Manager. */
  manage(request: AzureRequest, signal: AbortSignal): Promise<AzureAnswer> {
    return this.#ask('resource-manager', request, signal);
  }

  /** Asks Microsoft Graph. */
  graph(request: AzureRequest, signal: AbortSignal): Promise<AzureAnswer> {
    return this.#ask('graph', request, signal);
  }

  /**
   * What the directory calls whoever the credential signs in as, in lower case: object id and
   * application, as the token itself says. A token that is no JWT is what a simulated cloud knows one by.
   */
  async ownIds(signal: AbortSignal): Promise<string[]> {
    const scope = `${this.#addresses['resource-manager']}/.default`;
    const token = await this.#credential.getToken(scope, { abortSignal: signal });
    if (!token) throw new Error('no token for Azure');
    const [, claims, signature] = token.token.split('.');
    if (claims === undefined || signature === undefined) return [token.token.toLowerCase()];
    const { oid, appid } = parsed(Buffer.from(claims, 'base64url').toString('utf8')) as {
      oid?: unknown;
      appid?: unknown;
    };
    return [oid, appid].flatMap((id) => (typeof id === 'string' ? [id.toLowerCase()] : []));
  }

  /**
   * The values of a list, page by page. Throws {@link UnexpectedAnswer} on an answer that is none.
   */
  async *values(
    service: Service,
    path: string,
    signal: AbortSignal,
  ): AsyncIterable<readonly unknown[]> {
    for (let next: string | undefined = path; next !== undefined; ) {
      const answer = await this.#ask(service, { method: 'GET', path: next }, signal);
      const page = answer.body as { value?: unknown; nextLink?: unknown } | undefined;
      if (answer.status !== 200 || !Array.isArray(page?.value)) throw new UnexpectedAnswer(answer);
      yield page.value;
      const link =
        page.nextLink ?? (answer.body as { '@odata.nextLink'?: unknown })['@odata.nextLink'];
      next = typeof link === 'string' && link !== '' ? link : undefined;
    }
  }

  async #ask(
    service: Service,
    { method, path, body, headers = {} }: AzureRequest,
    signal: AbortSignal,
  ): Promise<AzureAnswer> {
    const base = this.#addresses[service];
    const url = new URL(path, base);
    // A link that an answer holds must not carry the token anywhere else.
    if (url.origin !== base) throw new Error(`Azure's answer leads to ${url.origin}`);
    const pipeline = createEmptyPipeline();
    pipeline.addPolicy(
      bearerTokenAuthenticationPolicy({
        credential: this.#credential,
        scopes: [`${base}/.default`],
      }),
    );
    const request = createPipelineRequest({
      url: url.href,
      method,
      headers: createHttpHeaders({
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeout: TIMEOUT,
      abortSignal: signal,
    });
    return answerOf(await pipeline.sendRequest(this.#http, request));
  }
}

/** An answer that the question does not have. */
export class UnexpectedAnswer extends Error {
  readonly answer: AzureAnswer;

  constructor(answer: AzureAnswer) {
    super(errorText(answer));
    this.answer = answer;
  }
}

/** The code of Azure's error in an answer, where there is one. */
export function errorCode({ body }: AzureAnswer): string | undefined {
  const code = (body as { error?: { code?: unknown } } | undefined)?.error?.code;
  return typeof code === 'string' ? code : undefined;
}

/** What an answer says is wrong, for people. */
export function errorText(answer: AzureAnswer): string {
  const said = (answer.body as { error?: { message?: unknown } } | undefined)?.error?.message;
  const code = errorCode(answer);
  const text = typeof said === 'string' ? said.slice(0, 500) : '';
  return [`HTTP ${answer.status}`, code, text].filter(Boolean).join(': ');
}

function answerOf({ status, headers, bodyAsText }: PipelineResponse): AzureAnswer {
  const text = bodyAsText ?? '';
  if (text.length > LARGEST) throw new Error('Azure answered more than is read');
  return { status, body: parsed(text), header: (name) => headers.get(name) };
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    // A proxy's page, for example; its status says enough.
    return undefined;
  }
}

/** The bearer policy wants https; only after it is the request sent to where a simulated cloud listens. */
function rewriting(rewrite: Rewriting): HttpClient {
  const client = createDefaultHttpClient();
  return {
    sendRequest(request) {
      request.url = rewrite(new URL(request.url)).href;
      request.allowInsecureConnection = true;
      return client.sendRequest(request);
    },
  };
}
