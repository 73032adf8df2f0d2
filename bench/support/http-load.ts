import { connect, type Socket } from 'node:net';
import { loadOptions, serveLoad } from './load.ts';
import { SERIAL_DIGITS, sampleRequest } from './sample-request.ts';

/** What `create-and-submit.ts` gives this process. */
export interface HttpLoad {
  readonly address: string;
  readonly token: string;
  readonly clients: number;
}

const HEADER_END = Buffer.from('\r\n\r\n');
let serial = 0;

// A plain socket for each client: a full HTTP client would take the processor from the server.
const { address, token, clients } = loadOptions<HttpLoad>();
const { hostname, port, host } = new URL(address);
const sockets = Array.from({ length: clients }, () => connect(Number(port), hostname));
serveLoad(sockets.map(client));

function client(socket: Socket): () => Promise<void> {
  const message = requestBytes();
  const serialAt = message.indexOf('0'.repeat(SERIAL_DIGITS));
  socket.setNoDelay();
  let received: Buffer = Buffer.alloc(0);
  let answered = () => {};
  let failed: (error: Error) => void = () => {};
  socket.on('error', (error) => failed(error));
  socket.on('close', () => failed(new Error('the server closed the connection')));
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const length = answerLength(received);
    if (length === undefined || received.length < length) return;
    const status = received.toString('latin1', 9, 12);
    if (status !== '201') failed(new Error(received.toString('utf8')));
    received = received.subarray(length);
    answered();
  });
  return () =>
    new Promise((resolve, reject) => {
      answered = resolve;
      failed = reject;
      serial += 1;
      message.write(String(serial).padStart(SERIAL_DIGITS, '0'), serialAt, 'latin1');
      socket.write(message);
    });
}

function requestBytes(): Buffer {
  const body = Buffer.from(JSON.stringify(sampleRequest(0)));
  const head = [
    'POST /v1/exceptions?submit=true HTTP/1.1',
    `Host: ${host}`,
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ].join('\r\n');
  return Buffer.concat([Buffer.from(head), HEADER_END, body]);
}

function answerLength(received: Buffer): number | undefined {
  const end = received.indexOf(HEADER_END);
  if (end < 0) return undefined;
  const length = /content-length: (\d+)/i.exec(received.toString('latin1', 0, end))?.[1];
  return end + HEADER_END.length + Number(length);
}
