import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Rewriting } from '../azure-client.ts';
import type { FakeCall } from './fake-call.ts';
import type { FakeCloud } from './fake-cloud.ts';

/** The fake cloud as it listens. */
export interface ServedCloud {
  /** Sends requests that are for Azure to where the fake listens. */
  readonly rewrite: Rewriting;
  readonly port: number;
  close(): Promise<void>;
}

const HOSTS = ['management.azure.com', 'graph.microsoft.com'] as const;
const LARGEST = 4_000_000;

/** Lets the fake cloud listen on loopback; the first part of each path names the service. */
export async function serveFakeCloud(cloud: FakeCloud, port = 0): Promise<ServedCloud> {
  const server = createServer((request, response) => {
    answer(cloud, request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    port: bound,
    rewrite: (url) => new URL(`http://127.0.0.1:${bound}/${url.host}${url.pathname}${url.search}`),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  cloud: FakeCloud,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const [, first, ...rest] = url.pathname.split('/');
  const host = HOSTS.find((name) => name === first);
  const caller = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  const body = await bodyOf(request);
  if (!host) {
    response.writeHead(404).end();
    return;
  }
  if (caller === undefined) {
    const error = { code: 'AuthenticationFailed', message: 'The bearer token is missing.' };
    response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
    return;
  }
  const call: Omit<FakeCall, 'at'> = {
    method: request.method ?? 'GET',
    host,
    path: `/${rest.map(decodeURIComponent).join('/')}`.replace(/\/+$/, ''),
    query: url.searchParams,
    body,
    caller,
  };
  const answered = cloud.answer(call);
  if (!answered) {
    request.socket.destroy();
    return;
  }
  const headers = { 'content-type': 'application/json; charset=utf-8', ...answered.headers };
  response.writeHead(answered.status, answered.body === undefined ? answered.headers : headers);
  response.end(answered.body === undefined ? undefined : JSON.stringify(answered.body));
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > LARGEST) throw new Error('larger than the fake takes');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : JSON.parse(text);
}
