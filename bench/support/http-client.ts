import type { Socket } from 'node:net';

export const HEADER_END = Buffer.from('\r\n\r\n');

/**
 * One connection that sends a request after another and waits for each answer: a full HTTP client
 * would take the processor from the server. Rejects at any other status.
 *
 * @param next the bytes of the next request; they have to stay as they are until it is answered.
 */
export function httpClient(
  socket: Socket,
  status: string,
  next: () => Buffer,
): () => Promise<void> {
  socket.setNoDelay();
  let chunks: Buffer[] = [];
  let size = 0;
  let wanted: number | undefined;
  let answered = () => {};
  let failed: (error: Error) => void = () => {};
  socket.on('error', (error) => failed(error));
  socket.on('close', () => failed(new Error('the server closed the connection')));
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    wanted ??= answerLength(Buffer.concat(chunks));
    if (wanted === undefined || size < wanted) return;
    const answer = Buffer.concat(chunks);
    const given = answer.toString('latin1', 9, 12);
    [chunks, size, wanted] = [[], 0, undefined];
    if (given !== status) failed(new Error(answer.toString('utf8', 0, 2_000)));
    answered();
  });
  return () =>
    new Promise((resolve, reject) => {
      answered = resolve;
      failed = reject;
      socket.write(next());
    });
}

function answerLength(received: Buffer): number | undefined {
  const end = received.indexOf(HEADER_END);
  if (end < 0) return undefined;
  const length = /content-length: (\d+)/i.exec(received.toString('latin1', 0, end))?.[1];
  return end + HEADER_END.length + Number(length);
}
