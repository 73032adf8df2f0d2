import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Rewriting } from '../azure-client.ts';
import { answerRequest, isKnownHost } from './answer-request.ts';
import type { FakeCloud } from './fake-cloud.ts';

/** The fake cloud as it listens. */
export interface ServedCloud {
  /** Sends requests that are for Azure to where the fake listens. */
  readonly rewrite: Rewriting;
  readonly port: number;
  close(): Promise<void>;
}

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
  const [, host = '', ...rest] = (request.url ?? '/').split('/');
  const body = await bodyOf(request);
  if (!isKnownHost(host)) {
    response.writeHead(404).end();
    return;
  }
  const { method = 'GET', headers } = request;
  const url = new URL(`https://${host}/${rest.join('/')}`);
  const answered = answerRequest(cloud, {
    method,
    url,
    authorization: headers.authorization,
    body,
  });
  if (!answered) {
    request.socket.destroy();
    return;
  }
  const sent = { 'content-type': 'application/json; charset=utf-8', ...answered.headers };
  response.writeHead(answered.status, answered.body === undefined ? answered.headers : sent);
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
