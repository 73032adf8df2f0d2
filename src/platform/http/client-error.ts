import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Problem } from './problem.ts';

/** What a request was refused for before it was one: by status, and what would pass. */
const REFUSALS: Readonly<Record<string, readonly [status: number, code: string, detail: string]>> =
  {
    ERR_HTTP_REQUEST_TIMEOUT: [
      408,
      'too-slow',
      'the request did not arrive within its time; send it again',
    ],
    HPE_HEADER_OVERFLOW: [431, 'too-large', 'the headers are larger than 16 KB'],
  };
const NOT_HTTP = [400, 'invalid-request', 'this is not a request of HTTP/1.1'] as const;

/** Answers what is not HTTP, or never becomes a whole request, straight on its connection. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code, detail] = REFUSALS[error.code ?? ''] ?? NOT_HTTP;
  const type = `urn:lapse:problem:${code}`;
  const problem: Problem = { type, title: code.replaceAll('-', ' '), status, detail, code };
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      'X-Content-Type-Options: nosniff',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
