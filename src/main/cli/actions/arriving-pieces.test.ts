import { expect, test } from 'vitest';
import { CommandFailure } from '../terminal/command-failure.ts';
import { arrivingPieces } from './arriving-pieces.ts';

const failure = (message: string) => new CommandFailure(message, { exitCode: 3 });
const brokenOff = (reason: string) => failure(`broke off: ${reason}`);

/** A body whose end does not come by itself. */
function endless() {
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(Buffer.from('a')),
    cancel: () => {
      isCancelled = true;
    },
  });
  return { body, isCancelled: () => isCancelled };
}

test('stopped while it waits, it ends and lets the server go', async () => {
  const { body, isCancelled } = endless();
  const abort = new AbortController();
  const pieces = arrivingPieces(body, {
    onPiece: () => {},
    brokenOff,
    stop: { signal: abort.signal, stopped: () => failure('stopped') },
  });
  expect(await pieces.next()).toMatchObject({ done: false });
  const waiting = pieces.next();
  abort.abort();
  await expect(waiting).rejects.toThrow('stopped');
  expect(isCancelled()).toBe(true);
});

test('a connection that breaks is no end', async () => {
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error('terminated', { cause: new Error('reset') })),
  });
  const pieces = arrivingPieces(body, { onPiece: () => {}, brokenOff });
  await expect(pieces.next()).rejects.toThrow('broke off: reset');
});

test('who stops reading lets the server go', async () => {
  const { body, isCancelled } = endless();
  for await (const piece of arrivingPieces(body, { onPiece: () => {}, brokenOff })) {
    expect(Buffer.from(piece).toString()).toBe('a');
    break;
  }
  expect(isCancelled()).toBe(true);
});
