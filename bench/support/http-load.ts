import { connect } from 'node:net';
import { HEADER_END, httpClient } from './http-client.ts';
import { loadOptions, serveLoad } from './load.ts';
import { SERIAL_DIGITS, sampleRequest } from './sample-request.ts';

/** What `create-and-submit.ts` gives this process. */
export interface HttpLoad {
  readonly address: string;
  readonly token: string;
  readonly clients: number;
  /** The serial after which its records count. */
  readonly first: number;
}

const { address, token, clients, first } = loadOptions<HttpLoad>();
let serial = first;
const { hostname, port, host } = new URL(address);
serveLoad(Array.from({ length: clients }, lane));

function lane(): () => Promise<void> {
  const message = requestBytes();
  const zeros = '0'.repeat(SERIAL_DIGITS);
  const places = [message.indexOf(zeros), message.lastIndexOf(zeros)];
  return httpClient(connect(Number(port), hostname), '201', () => {
    serial += 1;
    const digits = String(serial).padStart(SERIAL_DIGITS, '0');
    for (const at of places) message.write(digits, at, 'latin1');
    return message;
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
