import { azureError, type FakeAnswer, type FakeCall } from './fake-call.ts';
import type { FakeCloud } from './fake-cloud.ts';

const HOSTS: readonly string[] = ['management.azure.com', 'graph.microsoft.com'];

/** A request as HTTP brings it; `url` names the service that it was meant for. */
export interface FakeRequest {
  readonly method: string;
  readonly url: URL;
  readonly authorization: string | undefined;
  /** Its JSON, read. */
  readonly body: unknown;
}

/** Whether it is one of the services that the fake stands for. */
export function isKnownHost(host: string): host is FakeCall['host'] {
  return HOSTS.includes(host);
}

/** Asks the fake cloud; `undefined` where the connection is to be closed without an answer. */
export function answerRequest(
  cloud: FakeCloud,
  { method, url, authorization, body }: FakeRequest,
): FakeAnswer | undefined {
  const caller = /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
  if (caller === undefined)
    return azureError(401, 'AuthenticationFailed', 'The bearer token is missing.');
  if (!isKnownHost(url.host)) throw new Error(`the fake does not stand for ${url.host}`);
  const path = url.pathname.split('/').map(decodeURIComponent).join('/').replace(/\/+$/, '');
  return cloud.answer({ method, host: url.host, path, query: url.searchParams, body, caller });
}
