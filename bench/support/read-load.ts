import { connect } from 'node:net';
import { HEADER_END, httpClient } from './http-client.ts';
import { loadOptions, serveLoad } from './load.ts';

/** What `register.ts` gives this process: what to read, over and over, in turn. */
export interface ReadLoad {
  readonly address: string;
  readonly token: string;
  readonly clients: number;
  /** Paths with their query. */
  readonly paths: readonly string[];
}

const { address, token, clients, paths } = loadOptions<ReadLoad>();
const { hostname, port, host } = new URL(address);
const messages = paths.map((path) => {
  const head = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}`;
  return Buffer.concat([Buffer.from(head), HEADER_END]);
});
let turn = 0;
serveLoad(
  Array.from({ length: clients }, () =>
    httpClient(connect(Number(port), hostname), '200', () => {
      turn += 1;
      return messages[turn % messages.length] as Buffer;
    }),
  ),
);
